//! Texts whose secrets are marked, `«x»`: nothing that is marked is shown, and what is shown stays as it is.

use groundcrew_logging::Redactor;

fn shown(text: &str) -> String {
    Redactor::default().text(text).into_owned()
}

fn assert_none_shown(marked: &[&str]) {
    for marked in marked {
        let text = marked.replace(['«', '»'], "");
        let secrets = marked
            .split('«')
            .skip(1)
            .filter_map(|part| part.split('»').next());

        let shown_once = shown(&text);

        for secret in secrets {
            assert!(!shown_once.contains(secret), "{text:?}: {shown_once:?}");
        }
        assert_eq!(shown(&shown_once), shown_once, "{text:?}");
    }
}

#[test]
fn values_of_json_in_a_debug_output_are_hidden() {
    assert_none_shown(&[
        "Object {\"token\": Array [String(\"«abcd1»\")]}",
        "{\"creds\": Array [String(\"«axx»\"), String(\"«hunter2»\")]}",
        "Object {\n    \"creds\": Array [\n        String(\"«axx»\"),\n        String(\"«hunter2»\"),\n    ],\n}",
        "password: Bytes [1, «22»]",
        "Object {\"name\": String(\"DB_PASSWORD\"), \"value\": String(\"«abcd1»\")}",
        "Object {\n    \"name\": String(\n        \"DB_PASSWORD\",\n    ),\n    \"value\": String(\n        \"«abcd1»\",\n    ),\n}",
        "Object {\"value\": String(\"«abcd1»\"), \"name\": String(\"DB_PASSWORD\")}",
        "EnvVar { name: Some(\"DB_PASSWORD\"), value: Some(\"«abcd1»\") }",
        "Object {\"name\": String(\"PIN_TOKEN\"), \"value\": Number(«1234»)}",
        "[Object {\"value\": Array [String(\"«abcd1»\")], \"name\": String(\"API_KEY\")}]",
        "\"Object {\\\"token\\\": Array [String(\\\"«abcd1»\\\")]}\"",
        "EnvVar { value: \"«abcd1»\", name: \"DB_PASSWORD\" }",
    ]);
}

#[test]
fn a_field_behind_others_of_a_struct_with_the_name_of_a_secret_is_hidden() {
    assert_none_shown(&[
        "ApiKey { name: \"ci\", value: \"«abcd1»\" }",
        "ApiKey {\n    name: \"ci\",\n    value: \"«abcd1»\",\n}",
        "Credentials { user: \"bob\", value: \"«hunter2»\" }",
        "Cookie { name: \"sid\", value: \"«abcd1»\" }",
        "ApiKey { id: 550e8400-e29b-41d4-a716-446655440000, value: \"«xyz»\" }",
        "ApiKey { scopes: [\"a\"], value: \"«xyz»\" }",
        "Authorization(Basic { decoded: \"«bob:hunter2»\", colon_pos: 3 })",
        "Password(value=«hunter2»)",
        "ApiKey(name='ci', value='«abcd1»')",
        "ApiKey(id=3, scopes=[\"a\", \"b\"], value=«abcd1»)",
        "Token { meta: Meta { id: 1, at: 2024-01-01T10:00:00Z }, kind: Some(\"a } b\"), value: \"«xyz»\" }",
        "m \"ApiKey { name: \\\"ci\\\", value: \\\"«abcd1»\\\" }\"",
        "ApiKey { name: \"c:\\\\\", value: \"«abcd1»\" }",
        "Basic { decoded: \"«bob:hunter2»\", colon_pos: 3 }",
        "ApiKey { c: '{', value: \"«abcd1»\" }",
    ]);
}

#[test]
fn all_arguments_of_a_call_with_the_name_of_a_secret_are_hidden() {
    assert_none_shown(&[
        "Credentials(Some(\"«bob»\"), Some(\"«hunter2»\"))",
        "Credentials(7, \"«hunter2»\")",
        "Credentials(None, Some(\"«hunter2»\"))",
        "Credentials(7, Id(3), \"«hunter2»\")",
        "Credentials(\"«bob»\", \"«hunter2»\")",
        "Credentials(\n    7,\n    \"«hunter2»\",\n)",
        "Credentials(\n    Some(\n        \"«bob»\",\n    ),\n    Some(\n        \"«hunter2»\",\n    ),\n)",
        "set_password(user_id, \"«hunter2»\")",
    ]);
}

#[test]
fn brackets_in_strings_with_apostrophes_end_no_value() {
    assert_none_shown(&[
        "{'password': {'a': 'b}', 'c': '«hunter2»'}, 'x': 1}",
        "{'token': ['a]b', '«hunter2»']}",
        "{'token': {'a': \"it's }\", 'b': '«hunter2»'}}",
        "{'token': ['a\\']b', '«hunter2»']}",
        "\"{'token': ['a]b', '«hunter2»']}\"",
    ]);
}

#[test]
fn values_of_go_are_hidden_behind_their_types() {
    assert_none_shown(&[
        "http.Header{\"X-Api-Key\":[]string{\"«abcd3»\"}}",
        "http.Header{\"Authorization\":[]string{\"«Foo abcd3»\"}}",
        "map[string][]string{\"Cookie\":[]string{\"«a=b»\", \"«c=d»\"}}",
        "main.T{Password:[]uint8{0x61, «0x62»}}",
        "main.T{Password:main.Secret{v:\"«hunter2»\"}}",
        "main.T{Password:&main.Secret{v:\"«hunter2»\"}}",
        "main.T{Password:[]byte(\"«hunter2»\")}",
        "password: []interface {}{\"«hunter2»\"}",
        "map[X-Api-Key:[«abcd1» «abcd2»]]",
        "Password:(*string)(0xc000) token:[]string{\"a\", \"«b12»\"}",
        "token: [2]string{\"a\", \"«b12»\"}",
    ]);
}

#[test]
fn a_value_beside_its_name_is_hidden_in_any_case() {
    assert_none_shown(&[
        "{\"Value\":\"«xyz1»\",\"Name\":\"DB_PASSWORD\"}",
        "{\"value\":\"«xyz1»\",\"Name\":\"DB_PASSWORD\"}",
        "{\"VALUE\":\"«xyz1»\",\"KEY\":\"DB_PASSWORD\"}",
        "{\"Name\":\"DB_PASSWORD\",\"Value\":\"«xyz1»\"}",
    ]);
}

#[test]
fn the_passwords_of_users_are_hidden_in_the_arguments_of_curl() {
    assert_none_shown(&[
        "curl https://x \\\n -u bob:«hunter2»",
        "curl -H 'Accept: a;q=0.9' -u bob:«hunter2»",
        "curl \"https://x|y\" -u bob:«hunter2»",
        "curl https://x/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa -u bob:«hunter2»",
        "curl --user=bob:«hunter2» x",
        "curl -ubob:«hunter2» x",
        "curl -sSfu bob:«hunter2» x",
        "curl -u\tbob:«hunter2» x",
        "CURL -u bob:«hunter2»",
        "{\"cmd\":\"curl x \\\\\\n -u bob:«hunter2»\"}",
        "[\"curl\",\"-u\",\"bob:«hunter2»\",\"x\"]",
        "[\"curl\", \"-sSu\", \"bob:«hunter2»\"]",
        "curl -u 'bob:«hun ter2»' x",
        "curl -U bob:«hunter2» --proxy http://p x",
        "curl --proxy-user  bob:«hunter2»",
        "curl.exe -u bob:«hunter2»",
        "curl http://x/?a=1&b=2 -u bob:«hunter2»",
        "curl -u \"bob:«hunter2»\" x",
        "curl --user='bob:«hunter2»'",
        "Curl -u bob:«hunter2»",
        "sh -c \"curl -H \\\"A: b;c\\\" -u bob:«hunter2» x\"",
        "curl -u bob:\"«hunter2»\"",
    ]);
}

#[test]
fn the_passwords_in_statements_are_hidden() {
    assert_none_shown(&[
        "CREATE USER bob IDENTIFIED WITH caching_sha2_password BY '«xyz1»'",
        "CREATE USER bob IDENTIFIED BY \"«xyz1»\"",
        "CREATE USER bob IDENTIFIED BY\n'«xyz1»'",
        "ALTER USER bob IDENTIFIED BY '***' REPLACE '«oldpw»'",
        "ALTER USER bob IDENTIFIED BY '«newpw»' REPLACE '«oldpw»'",
        "SET PASSWORD FOR bob TO '«xyz1»'",
        "SET PASSWORD FOR 'b ob'@'%' = '«xyz1»'",
        "SET PASSWORD FOR 'bob'@'%' TO '«xyz1»'",
        "ALTER USER bob IDENTIFIED WITH 'mysql_native_password' BY '«xyz1»'",
        "create user bob identified with sha256_password by '«xyz1»'",
        "CREATE USER bob IDENTIFIED BY\t'«xyz1»'",
        "CREATE USER bob IDENTIFIED  BY   '«xyz1»'",
        "CREATE USER bob IDENTIFIED WITH caching_sha2_password AS '«xyz1»'",
        "SET PASSWORD FOR bob =\n '«xyz1»'",
        "GRANT ALL ON *.* TO bob IDENTIFIED BY PASSWORD '«*ABC»'",
        "ALTER USER bob WITH PASSWORD\n'«xyz1»'",
        "\"CREATE USER bob IDENTIFIED BY \\\"«xyz1»\\\"\"",
    ]);
}

#[test]
fn white_space_between_a_name_and_its_value_may_be_escaped_or_a_line() {
    assert_none_shown(&[
        "{\"m\": \"X-Api-Key:\\t«k1k1k1»\"}",
        "{\"m\":\"Password:\\t«hunter2»\"}",
        "{\\n\\t\\\"password\\\":\\t\\\"«hunter2»\\\"\\n}",
        "\"password\":\n\"«hunter2»\"",
        "\"password\"\n:\n\"«hunter2»\"",
        "{\"password\":\r\n\"«hunter2»\"}",
        "{\\\"password\\\":\\n\\\"«hunter2»\\\"}",
        "{\"m\":\"token\\t=\\t«hunter2»\"}",
        "{\"password\":\n[\"«hunter2»\"]}",
        "{\"password\":\n{\"a\":\"«hunter2»\"}}",
        "{\"password\"\t:\t\"«hunter2»\"}",
    ]);
}

#[test]
fn the_new_value_behind_an_arrow_is_hidden_too() {
    assert_none_shown(&[
        "~ password = \"«old1»\" -> \"«newpw»\"",
        "~ password = «old1» -> «newpw»",
        "~ resource \"x\" \"y\" {\n  ~ password = \"«old1»\" -> \"«newpw»\" # forces\n  ~ size = 1 -> 2\n}",
        "password: \"«old1»\" => \"«newpw»\"",
        "~ \"password\" = \"«old1»\" -> \"«newpw»\"",
        "~ secret : \"«old1»\" -> \"«newpw»\"",
        "~ password = null -> \"«newpw»\"",
        "~ password = \"«old1»\" -> «newpw» x",
    ]);
}

#[test]
fn what_a_terminal_is_sent_is_no_part_of_a_name() {
    assert_none_shown(&[
        "\x1b[01;31m\x1b[Kpassword\x1b[m\x1b[K=«hunter2»",
        "\x1b[31mpassword\x1b(B\x1b[m=«hunter2»",
        "\x1b[31mpassword\x1b[m\x0f=«hunter2»",
        "password=\x1b(B\x1b[m\x1b[K«hunter2»",
        "\x1b[35m\x1b[Kf.txt\x1b[m\x1b[K\x1b[36m\x1b[K:\x1b[m\x1b[K\x1b[01;31m\x1b[Kpassword\x1b[m\x1b[K: «hunter2»",
        "\x1b[1m\"token\"\x1b[22;24m: \"«hunter2»\"",
        "\x1b[38:5:9mpassword\x1b[0m=«hunter2»",
    ]);
}

#[test]
fn names_and_forms_of_services_are_known() {
    assert_none_shown(&[
        "client-key-data: «LS0tLS1CRUdJTi»",
        "tls.key: «LS0tLS1CRUdJTi»",
        ".dockerconfigjson: «eyxx1»",
        "https://a.blob.core.windows.net/c?sv=2020&sig=«abc%2Bdef%3D»",
        "SharedAccessSignature sr=x&sig=«abcdef»&se=1",
        "https://s3.amazonaws.com/b/k?AWSAccessKeyId=x&Signature=«abcdef»&Expires=1",
        "https://d.cloudfront.net/k?Expires=1&Signature=«abcdef»&Key-Pair-Id=x",
        "bob:«hunter2»@tcp(x:3306)/db",
        "dsn is bob:«hun:t@er2»@unix(/tmp/s)/db",
        "SecretString: «abcd1»",
        "\"SecretString\": \"«abcd1»\"",
        "secret_value=«abcd1»",
        "tokenValue=«abcd1»",
        "{\"SecretString\":\"{\\\"a\\\":\\\"«abcd1»\\\"}\"}",
        "https://api.telegram.org/bot123456789:«AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw»/sendMessage",
        "PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 2\n«AAAAgQ0123»\n«BBBB»\nPrivate-MAC: 00",
        "password: token «abcd1»",
        "--password basic «abcd1» x",
        "password=${DB_PASSWORD:-«hunter2»}",
        "PWD=«hunter2»",
        ";PWD=«/x9q»;",
    ]);
}

#[test]
fn tokens_of_services_are_known_by_their_beginning() {
    assert_none_shown(&[
        "x «ya29.a0AfH6SMBxyzABCDEF0123456789abcdef» y",
        "x «1//0gAbCdEfGhIjKlMnOpQrStUvWxYz0123» y",
        "x «GOCSPX-AbCdEfGhIjKlMnOpQrStUvWx0123» y",
        "«pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDA» x",
        "«dop_v1_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef» x",
        "«glsa_AbCdEfGhIjKlMnOpQrStUvWxYz012345_0a1b2c3d» x",
        "«dapi0123456789abcdef0123456789abcdef» x",
        "«ATATT3xFfGF0AbCdEfGhIjKlMnOpQrStUvWxYz» x",
    ]);
}
