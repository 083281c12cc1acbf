const fs = require("fs");
const dotenv = require("dotenv");
const { expand } = require("dotenv-expand");

const outcomes = JSON.parse(fs.readFileSync(0, "utf8")).map(({ path, interpolated }) => {
  try {
    const parsed = dotenv.parse(fs.readFileSync(path));
    const vars = interpolated ? expand({ parsed, processEnv: {} }).parsed : parsed;
    return { vars, wrong: [] };
  } catch (error) {
    return { vars: {}, wrong: ["wrong"] };
  }
});
process.stdout.write(JSON.stringify(outcomes));
