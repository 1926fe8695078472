use super::*;
use proptest::prelude::*;
use serde_json::json;

/// Redacts a text as a report is.
fn redact_with(redactor: &mut Redactor, text: &str) -> String {
    let mut value = Value::String(text.to_owned());
    redactor.json(&mut value);
    redactor.json_again(&mut value);
    value.as_str().expect("a text stays one").to_owned()
}

fn redact(text: &str) -> String {
    redact_with(&mut Redactor::new(RedactionRules::default(), Redaction::SecretsAndPersonal), text)
}

#[test]
fn secrets_are_marked_by_kind() {
    let cases = [
        ("password=hunter2 next", "password=[redacted:password] next"),
        ("DB_PASSWORD: 's3 cr\"et' rest", "DB_PASSWORD: '[redacted:password]' rest"),
        (r#"{"password": "a b\"c"}"#, r#"{"password": "[redacted:password]"}"#),
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
        assert_eq!(redact(text), expected);
    }
}

/// `@` stands for the secret; no part of it may be left.
const FORMS: [&str; 40] = [
    r#"Authorization: Token token="@", nonce="a1""#,
    r#"Authorization: Digest username="bob", response="@""#,
    r#"{"authorization":"Digest username=\"bob\", response=\"@\""}"#,
    r#"Cookie: theme=dark; sid="@"; a=b"#,
    r#"http.Header{"Authorization":[]string{"Basic @"}}"#,
    r#"{"headers":{"cookie":["sid=@", "b=@"]}}"#,
    r#"{"headers":{"authorization":["Basic @"]}}"#,
    "env HTTP_AUTHORIZATION=Basic @",
    r#""HTTP_COOKIE"=>"sid=@""#,
    "http.request.header.authorization: Basic @",
    "headers [(b'cookie', b'theme=@'), (b'x-api-key', b'@')]",
    r#"[["Authorization","Basic @"],["Set-Cookie", "sid=@"]]"#,
    r#"("x-auth-token", "@")"#,
    "running migrate --password @ --verbose",
    r#"argv ["app","--api-key","@"]"#,
    r#"argv [\"app\",\"--token\",\"@\"]"#,
    "starting with DB_PASS=@ DB_USER=app",
    "smtp_pass: @",
    "smtpPass=@",
    r#"{"db_pass":"@","x":1}"#,
    "env SECRET_KEY_BASE=@ loaded",
    "TOKEN_VALUE=@",
    r#"{"api_keys": "@"}"#,
    "API key: @",
    "{'password': b'@'}",
    "<login><password>@</password></login>",
    "<ns:clientSecret>@</ns:clientSecret>",
    "GET /cb?next=%2Fx%3Ftoken%3D@",
    "body=%7B%22password%22%3A%22@%22%7D",
    "next=%252Fx%253Ftoken%253D@",
    "\u{1b}[31mpassword\u{1b}[0m=\u{1b}[32m@\u{1b}[0m",
    "postgres://u:ab/@@h/db",
    "redis://:@@10.0.0.1:6379/0",
    "curl -u admin:@ http://x.example",
    "whsec_@abcdef012345678901",
    "client_secret\u{a0}=\u{a0}@",
    r#"{"password":"ab\"@"}"#,
    r#"{\"password\": \"ab\\\"@\"}"#,
    "Set-Cookie: a=@; Path=/\r\nSet-Cookie: b=@",
    "host=db user=app password='ab @' sslmode=require",
];

#[test]
fn secrets_are_found_in_whatever_form_programs_write_them() {
    for form in FORMS {
        let text = form.replace('@', "\u{0}").replacen("\u{0}\u{0}", "Zq9S01hunterXX@", 1);
        let text = text.replace('\u{0}', "Zq9S01hunterXX");
        let redacted = redact(&text);
        assert!(!redacted.contains("hunter"), "{text:?} gave {redacted:?}");
        assert_eq!(redact(&redacted), redacted, "what is redacted stays as it is");
    }
}

#[test]
fn members_are_named_in_many_ways() {
    let secret = "Zq9S01hunterXX";
    let mut value = json!({
        "attributes": [
            {"key": "password", "value": {"stringValue": secret}},
            {"key": "http.request.header.authorization", "value": format!("Basic {secret}")},
        ],
        "headers": {"HTTP_AUTHORIZATION": secret, "http.request.header.cookie": [secret]},
        "pairs": [["Authorization", format!("Basic {secret}")], ["Cookie", format!("sid={secret}")]],
        "argv": ["app", "--password", secret, format!("--api-key={secret}")],
        "named": {
            "db_pass": secret, "smtpPass": secret, "sessionToken": secret, "api_key_2": secret, "apiKeys": [secret],
            "privateKey": secret, "encryption_key": secret, "csrf": secret, "sessid": secret, "TOKEN_VALUE": secret,
        },
        "fields": ["password", "email"],
        "usage": {"max_tokens": 512, "tokens": 7},
    });
    let mut redactor = Redactor::new(RedactionRules::default(), Redaction::Secrets);
    redactor.json(&mut value);
    // Not looked at again: every form is found by itself.
    assert!(!value.to_string().contains("hunter"), "{value:#}");
    assert_eq!(value["fields"], json!(["password", "email"]));
    assert_eq!(value["usage"], json!({"max_tokens": 512, "tokens": 7}));
}

#[test]
fn a_date_that_is_a_password_does_not_take_the_times_out() {
    let mut value =
        json!({"said": "password=2025-06-01 and 10.20.30.40", "at": "2025-06-01T10:00:00.000000000Z"});
    let mut redactor = Redactor::new(RedactionRules::default(), Redaction::Secrets);
    redactor.json(&mut value);
    redactor.json_again(&mut value);
    assert_eq!(value["said"], "password=[redacted:password] and 10.20.30.40");
    assert_eq!(value["at"], "2025-06-01T10:00:00.000000000Z");
}

#[test]
fn people_are_found_between_other_characters() {
    for (text, expected) in [
        ("to bob%40example.org now", "to [redacted:email] now"),
        ("to bob@exämple.com now", "to [redacted:email] now"),
        ("x_203.0.113.88_y", "x_[redacted:ip]_y"),
    ] {
        assert_eq!(redact(text), expected);
    }
}

#[test]
fn what_only_speaks_of_secrets_stays() {
    for text in [
        "Invalid token: expired",
        "password: required",
        "SERVICE_SECRET configured: True",
        "max_tokens=512 used",
        "postgresql+asyncpg://***@/app",
        "the tokenizer: fast",
        "version 1.2.3 of 10:22:33",
        "basic authentication is off",
    ] {
        assert_eq!(redact(text), text);
    }
    let mut secrets_only = Redactor::new(RedactionRules::default(), Redaction::Secrets);
    assert_eq!(redact_with(&mut secrets_only, "ada@timber.example 10.1.2.3"), "ada@timber.example 10.1.2.3");
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
        redact_with(&mut redactor, "customer-42 password=x1"),
        "customer-[redacted:customer] password=[redacted:password]"
    );
    let nested = "[[rule]]\nname = \"outer\"\npattern = '(token-(\\w+))(?:-(\\w+))?'\n";
    let mut redactor = Redactor::new(RedactionRules::with_defaults(nested).unwrap(), Redaction::Secrets);
    assert_eq!(redact_with(&mut redactor, "a token-b7-c d"), "a [redacted:outer]-[redacted:outer] d");
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
    assert_eq!(
        redact("password=[redacted:hunter2]"),
        "password=[redacted:password]]",
        "no rule is called so"
    );

    // A secret that a mark holds.
    let mut redactor = Redactor::new(RedactionRules::default(), Redaction::Secrets);
    let text = "password=[redacted1 and password=hunter2-x, [redacted1 hunter2-x";
    assert_eq!(
        redact_with(&mut redactor, text),
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
        secret in "(redacted|[A-Za-z0-9_.~+-]{4,12})[0-9][A-Za-z0-9_]{4,20}",
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
