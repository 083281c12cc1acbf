//! Names that a service adds itself, and those that are known without it.

use groundcrew_logging::{Action, Redactor};

fn assert_shown(redactor: &Redactor, cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|&(text, expected)| (text, redactor.text(text), expected))
        .filter(|(_, shown, expected)| shown != expected)
        .collect();
    for (text, shown, expected) in &wrong {
        eprintln!("{text}\n  is shown as {shown}\n  and not as  {expected}");
    }
    assert!(wrong.is_empty(), "{} of {} are wrong", wrong.len(), cases.len());
}

#[test]
fn a_name_with_letters_beyond_ascii_counts_inside_of_texts() {
    let redactor = Redactor::default()
        .key("contraseña")
        .key("пароль")
        .key("код доступа")
        .key("*密码")
        .key("सुरक्षा");
    assert_shown(
        &redactor,
        &[
            ("contraseña=hunter2", "contraseña=***"),
            ("la contraseña: hunter2, x", "la contraseña: ***, x"),
            ("CONTRASEÑA=hunter2", "CONTRASEÑA=***"),
            (
                "User { contraseña: \"hunter2\", n: 1 }",
                "User { contraseña: \"***\", n: 1 }",
            ),
            ("Contraseña(\"hunter2\")", "Contraseña(\"***\")"),
            ("{\"пароль\":\"hunter2\"}", "{\"пароль\":\"***\"}"),
            ("{\\\"Пароль\\\":\\\"hunter2\\\"}", "{\\\"Пароль\\\":\\\"***\\\"}"),
            ("user.ПАРОЛЬ=hunter2", "user.ПАРОЛЬ=***"),
            ("Код доступа: 123", "Код доступа: ***"),
            ("код_доступа=123", "код_доступа=***"),
            ("请输入密码=hunter2", "请输入密码=***"),
            ("सुरक्षा=hunter2", "सुरक्षा=***"),
            ("«пароль»: hunter2", "«пароль»: hunter2"),
            ("— пароль=hunter2", "— пароль=***"),
            ("，пароль=hunter2", "，пароль=***"),
            ("x\u{a0}пароль=hunter2", "x\u{a0}пароль=***"),
            ("<пароль>hunter2</пароль>", "<пароль>***</пароль>"),
            ("login --пароль hunter2", "login --пароль ***"),
            ("(\"пароль\", \"hunter2\")", "(\"пароль\", \"***\")"),
            ("ключpass=hunter2 x", "ключpass=*** x"),
            ("мойпароль=hunter2", "мойпароль=hunter2"),
            ("контраст=5, contrasena=5", "контраст=5, contrasena=5"),
        ],
    );
}

#[test]
fn a_name_with_letters_beyond_ascii_is_compared_without_case() {
    let redactor = Redactor::without_keys()
        .key("Пароль")
        .key("κωδικός")
        .key_with("Straße", Action::Remove);

    for (name, expected) in [
        ("пароль", Some(Action::Mask)),
        ("ПАРОЛЬ", Some(Action::Mask)),
        ("user.Пароль", Some(Action::Mask)),
        ("ΚΩΔΙΚΌΣ", Some(Action::Mask)),
        ("straße", Some(Action::Remove)),
        ("пароли", None),
    ] {
        assert_eq!(redactor.action(name), expected, "{name}");
        assert_eq!(
            redactor.text(&format!("{name}=hunter2")),
            match expected {
                None => format!("{name}=hunter2"),
                Some(Action::Remove) => format!("{name}="),
                Some(_) => format!("{name}=***"),
            }
        );
    }
}

#[test]
fn the_names_of_programs_and_their_plurals_are_known() {
    let redactor = Redactor::default();
    for name in [
        "RABBITMQ_DEFAULT_PASS",
        "MYSQL_ROOT_PASS",
        "ADMIN_PASS",
        "REDIS_PASS",
        "REDIS_PASS_2",
        "PGPASS",
        "KEYSTORE_PASS",
        "ansible_ssh_pass",
        "ansible-become-pass",
        "rootPass",
        "mail.smtpPass",
        "RUBY_PASS",
        "access_tokens",
        "api_tokens",
        "refreshTokens",
        "private_keys",
        "secretKeys",
        "recovery_codes",
        "backup_codes",
        "backup_code",
        "privkey",
        "private_key_hex",
        "mfa_code",
        "verification_code",
    ] {
        assert_eq!(redactor.action(name), Some(Action::Mask), "{name}");
        for (before, behind) in [("", "=x1"), ("a ", ": x1"), ("{\"", "\":[\"x1\",\"y2\"]}")] {
            let text = format!("{before}{name}{behind}");
            let shown = redactor.text(&text);
            assert!(shown.contains("***") && !shown.contains('1'), "{text}: {shown}");
        }
    }
    assert_shown(
        &redactor,
        &[(
            r#"{"auths":{"https://h/v1/":{"auth": "Ym9iOmh1bnRlcjI=","email":"b@h"}}}"#,
            r#"{"auths":{"https://h/v1/":{"auth": "***","email":"b@h"}}}"#,
        )],
    );
}

#[test]
fn names_that_count_tokens_and_passes_hide_nothing() {
    let redactor = Redactor::default();
    for text in [
        "max_tokens=4096",
        "completion_tokens: 12",
        r#"{"usage":{"prompt_tokens":5,"completion_tokens":12,"total_tokens":17}}"#,
        "Usage { input_tokens: 512, output_tokens: 10000, cached_tokens: Some(3) }",
        "tokens=512 token_count=7 tokens_per_second: 81.5",
        "max_output_tokens=8192 maxTokens: 100",
        "issued access_tokens=3",
        "private_keys: 12 loaded",
        "bypass=on",
        "compass: north",
        "trespass: no",
        "encompass=1 surpass=2 overpass=3 underpass=4",
        "first_pass: 3",
        "secondPass=draw",
        "render_pass: \"shadow\"",
        "ShadowPass { n: 1 }",
        "low_pass=440 high-pass=880 multi_pass: true",
        "build_pass: true, smoke_pass=1532 fail=7",
        r#"{"auth":"basic","n":1}"#,
        r#"{"auth":"required"}"#,
        r#"{"auth":"none"}"#,
        "auth: ok",
        "passes=3 passed: 12 passenger=bob password_hash_rounds=12",
        "status_code: 200 exit_code=1 error_code: E17 country_code=DE",
    ] {
        assert_eq!(redactor.text(text), text);
    }
    for name in [
        "max_tokens",
        "total_tokens",
        "tokens",
        "bypass",
        "compass",
        "first_pass",
        "bandPass",
        "auth",
    ] {
        assert_eq!(redactor.action(name), None, "{name}");
    }
}
