// Prints the processor time of one event in nanoseconds: the least of the batches, over the whole process.
import { Writable } from 'node:stream'
import pino from 'pino'
import winston from 'winston'

const EVENTS = 20_000
const BATCHES = 25
const SPAN = { requestId: '0190f5e3-7a2b-7c4d-8e9f-a1b2c3d4e5f6', attempt: 1, ip: '192.0.2.7' }
const FIELDS = { pot: 12.5, street: 'river', seats: 6 }

let bytes = 0

function pinoLogger() {
  const sink = { write(line) { bytes += line.length } }
  const child = pino({ timestamp: pino.stdTimeFunctions.isoTime }, sink).child(SPAN)
  return () => child.info(FIELDS, 'hand dealt')
}

// The requirements' logger: a timestamp, JSON, default fields.
function winstonLogger() {
  const stream = new Writable({ write(line, _, done) { bytes += line.length; done() } })
  const logger = winston.createLogger({
    level: 'info',
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    defaultMeta: SPAN,
    transports: [new winston.transports.Stream({ stream })],
  })
  return () => logger.info('hand dealt', FIELDS)
}

const log = { pino: pinoLogger, winston: winstonLogger }[process.argv[2]]()
let least = Infinity
for (let batch = 0; batch < BATCHES; batch++) {
  const before = process.cpuUsage()
  for (let event = 0; event < EVENTS; event++) log()
  await new Promise((resolve) => setImmediate(resolve))
  const { user, system } = process.cpuUsage(before)
  least = Math.min(least, (user + system) * 1000 / EVENTS)
}
if (bytes === 0) throw new Error('nothing was logged')
console.log(least)
