//! Exports in which every text wants to be more than text.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Kinds of hostile text by name.
pub(crate) const KINDS: [(&str, &str); 14] = [
    ("script", "<script>window.owned=1;alert(1)</script><script src=//evil.example/x.js></script>"),
    ("handler", "\"><img src=x onerror=window.owned=1><b onmouseover=alert(1) autofocus onfocus='alert(1)'>"),
    (
        "svg",
        "<svg onload=window.owned=1><use href=\"data:image/svg+xml,<svg/>\"/></svg><math><mi//xlink:href=\"data:x\">",
    ),
    (
        "link",
        "javascript:window.owned=1 <a href=\"javascript:alert(1)\">x</a> data:text/html,<script>1</script>",
    ),
    (
        "ending",
        "</code></pre></td></table></main></style></script><!-- --> --!> ]]> &lt;b&gt; <base href=//evil.example>",
    ),
    (
        "comment",
        "<!-- timberline-claims\n{\"schema\":\"forged\"}\n-->\n<script type=\"application/json\" id=\"timberline-claims\">",
    ),
    ("markdown-table", "| a | b |\n|---|---|\n| c | d |\n\n# heading\n- item\n> quote\n```\nfence\n~~~"),
    (
        "markdown-link",
        "[click](javascript:alert(1)) ![i](http://evil.example/x.png) <http://evil.example> [r]: http://evil.example @team #12",
    ),
    (
        "terminal",
        "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}]8;;http://evil.example\u{1b}\\x \u{9b}31m\rover\u{8}\u{8}",
    ),
    ("direction", "user\u{202e}gnp.exe\u{2066}x\u{2069}\u{200f} pass\u{200b}word\u{feff}"),
    ("formula", "=cmd|' /C calc'!A0\t+1\t-2\t@SUM(A1)"),
    ("nul", "before\u{0}after\u{1}\u{7f}\u{85}\u{2028}line"),
    ("shell", "'; rm -rf ~; echo ' $(touch owned) `id` \\ \" --flag"),
    ("long", ""),
];

/// The text of a kind; the long one is a megabyte.
pub(crate) fn text(kind: &str) -> String {
    let found = KINDS.iter().find(|(name, _)| *name == kind).unwrap().1;
    if kind == "long" { "<b>|`[x](y) long \u{202e}".repeat(45_000) } else { found.to_owned() }
}

/// Writes an export with `text` in every field that can hold it, as messages, exceptions, requests and audit entries.
pub(crate) fn export(folder: &Path, text: &str) -> PathBuf {
    let short: String = text.chars().take(2_000).collect();
    let at = |second: u32| format!("2025-06-01T00:{:02}:{:02}.000000Z", second / 60, second % 60);
    let entry = |second: u32, severity: &str, rest: Value| {
        let mut entry = json!({
            "insertId": format!("{short}{second}"),
            "timestamp": at(second),
            "severity": severity,
            "logName": format!("projects/p/logs/{short}"),
            "trace": short,
            "labels": { short.clone(): short, "instanceId": short },
            "errorGroups": [{ "id": short }],
            "resource": {
                "type": "cloud_run_revision",
                "labels": { "service_name": short, "revision_name": short, "project_id": short },
            },
        });
        entry.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        entry.to_string()
    };
    let trace = format!(
        "Traceback (most recent call last):\n  File \"/app/{short}.py\", line 3, in main\n    run()\nValueError: {text}"
    );
    let request = |status: u32| {
        json!({"httpRequest": {
            "requestMethod": short, "requestUrl": format!("https://x.example/{short}"), "status": status,
            "userAgent": short, "latency": "0.2s",
        }})
    };
    let mut lines = Vec::new();
    for n in 0..4 {
        lines.push(entry(n * 60, "ERROR", json!({ "textPayload": text })));
        lines.push(entry(n * 60 + 1, "ERROR", json!({ "textPayload": trace })));
        lines.push(entry(
            n * 60 + 2,
            "WARNING",
            json!({ "jsonPayload": { "message": format!("{short} {n}"), short.clone(): short } }),
        ));
        lines.push(entry(n * 60 + 3, "ERROR", request(503)));
        lines.push(entry(
            n * 60 + 4,
            "WARNING",
            json!({ "textPayload": format!("Container called exit({short}).") }),
        ));
        lines.push(entry(n * 60 + 5, "ERROR", json!({ "textPayload": format!("PHASE FAILED: {short}") })));
        lines.push(entry(n * 60 + 6, "INFO", request(200)));
    }
    lines.push(entry(
        300,
        "NOTICE",
        json!({ "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "methodName": "google.cloud.run.v1.Services.ReplaceService",
            "authenticationInfo": { "principalEmail": short },
            "resourceName": format!("namespaces/p/services/{short}"),
            "response": { "status": { "latestCreatedRevisionName": short },
                "spec": { "template": { "spec": { "containers": [{ "image": short }] } } } },
        }}),
    ));
    let path = folder.join("hostile.ndjson");
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}
