//! The services of the invented project and what distinguishes them.

/// The project every generated entry belongs to.
pub const PROJECT: &str = "timber-demo";
/// The numeric id of [`PROJECT`].
pub const PROJECT_NUMBER: &str = "400512903377";
/// Where all services run.
pub const LOCATION: &str = "europe-west4";

/// What a service is written in, which decides how its log lines and tracebacks look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Loguru-style lines, `Traceback (most recent call last):`.
    Python,
    /// Pino-style JSON, `at function (file:line:column)`.
    Node,
    /// Logback-style lines, `Caused by:` chains.
    Java,
    /// Klog-style lines, goroutine dumps.
    Go,
}

/// One deployed service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name, which is also the prefix of its revisions.
    pub name: &'static str,
    /// What it is written in.
    pub language: Language,
    /// Its package or module root, as it appears in loggers and frames.
    pub package: &'static str,
    /// The nouns of its URLs.
    pub routes: &'static [&'static str],
    /// The generation number of its first revision in the archive: services are older than their logs.
    pub first_generation: u32,
}

const SERVICES: &[Service] = &[
    Service {
        name: "storefront",
        language: Language::Node,
        package: "storefront",
        routes: &["products", "cart", "search", "session", "healthz", "recommendations", "assets"],
        first_generation: 412,
    },
    Service {
        name: "payments",
        language: Language::Python,
        package: "payments",
        routes: &["charges", "refunds", "webhooks", "ledger", "healthz", "methods"],
        first_generation: 87,
    },
    Service {
        name: "notifications",
        language: Language::Java,
        package: "com.timberdemo.notifications",
        routes: &["messages", "templates", "subscriptions", "healthz", "devices"],
        first_generation: 23,
    },
    Service {
        name: "inventory",
        language: Language::Go,
        package: "inventory",
        routes: &["stock", "reservations", "warehouses", "healthz", "movements"],
        first_generation: 1009,
    },
    Service {
        name: "search-indexer",
        language: Language::Python,
        package: "indexer",
        routes: &["documents", "jobs", "healthz", "synonyms"],
        first_generation: 3,
    },
    Service {
        name: "identity",
        language: Language::Java,
        package: "com.timberdemo.identity",
        routes: &["token", "users", "keys", "healthz", "consents"],
        first_generation: 251,
    },
    Service {
        name: "shipping",
        language: Language::Go,
        package: "shipping",
        routes: &["labels", "rates", "tracking", "healthz"],
        first_generation: 64,
    },
    Service {
        name: "backoffice",
        language: Language::Node,
        package: "backoffice",
        routes: &["orders", "reports", "users", "healthz", "exports"],
        first_generation: 530,
    },
];

/// The largest number of services a project may have.
pub const MAX_SERVICES: usize = SERVICES.len();

/// Returns the first `n` services, between one and [`MAX_SERVICES`].
#[must_use]
pub fn catalogue(n: usize) -> &'static [Service] {
    &SERVICES[..n.clamp(1, MAX_SERVICES)]
}

/// Returns the host a service answers on.
#[must_use]
pub fn host(service: &Service) -> String {
    format!("{}-q3wtn7example-ez.a.run.app", service.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_fit_the_naming_rule() {
        let names: Vec<&str> = catalogue(usize::MAX).iter().map(|service| service.name).collect();
        for (at, name) in names.iter().enumerate() {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
            assert!(!names[..at].contains(name), "{name} twice");
        }
        assert_eq!(catalogue(0).len(), 1);
    }
}
