//! Statements of a file, and values for the places in them.

/// One statement and how often it is written.
pub(crate) struct Statement {
    pub(crate) n_lines: usize,
    pub(crate) text: String,
}

/// Reads statements; lines that begin with `#` are passed over.
pub(crate) fn read(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (count, text) = line.split_once(' ').unwrap();
        let texts = told_apart(text);
        let n_lines = count.parse::<usize>().unwrap().div_ceil(texts.len());
        statements.extend(texts.into_iter().map(|text| Statement { n_lines, text }));
    }
    statements
}

/// Makes one text of each choice in the first `{a||b}`.
fn told_apart(text: &str) -> Vec<String> {
    let choices = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(choices, _)| choices);
    match choices.into_iter().find(|choices| choices.contains("||")) {
        Some(choices) => {
            let place = format!("{{{choices}}}");
            choices.split("||").map(|choice| text.replace(&place, choice)).collect()
        }
        None => vec![text.to_owned()],
    }
}

impl Statement {
    /// Writes the statement once.
    pub(crate) fn line(&self, random: &mut Random) -> String {
        let (mut line, mut rest) = (String::new(), self.text.as_str());
        while let Some(open) = rest.find('{') {
            line.push_str(&rest[..open]);
            rest = &rest[open..];
            let value = rest.find('}').and_then(|close| Some((random.value(&rest[1..close])?, close)));
            match value {
                Some((value, close)) => {
                    line.push_str(&value);
                    rest = &rest[close + 1..];
                }
                None => {
                    line.push('{');
                    rest = &rest[1..];
                }
            }
        }
        line + rest
    }
}

const USERS: &[&str] = &[
    "root",
    "admin",
    "test",
    "guest",
    "oracle",
    "postgres",
    "ann",
    "bob",
    "cem",
    "dora",
    "git",
    "ftp",
    "webmaster",
    "support",
    "mysql",
    "nagios",
    "ubuntu",
    "pi",
    "user",
    "jenkins",
    "backup",
    "www-data",
    "deploy",
    "tomcat",
    "info",
    "news",
    "cyrus",
    "svc-backup",
    "admin2",
    "user01",
    "chen",
    "matlab",
    "operator",
    "eva",
];
const PROGRAMS: &[&str] = &[
    "httpd",
    "sshd",
    "crond",
    "ntpd",
    "named",
    "smbd",
    "xinetd",
    "java",
    "mysqld",
    "perl",
    "gmond",
    "sendmail",
    "cupsd",
    "pbs_mom",
    "snmpd",
    "klogd",
    "portmap",
    "automount",
];
const WORDS: &[&str] = &[
    "orders",
    "users",
    "payments",
    "invoices",
    "billing",
    "shipping",
    "catalog",
    "search",
    "sessions",
    "events",
    "metrics",
    "audit",
    "reports",
    "inventory",
    "accounts",
    "profiles",
    "carts",
    "prices",
    "tenants",
    "media",
    "exports",
    "archive",
    "stats",
    "ledger",
    "refunds",
    "static",
    "mail",
    "cache",
    "logs",
    "alpha",
];
const IDENTS: &[&str] = &[
    "WindowManager",
    "RILJ",
    "KeyguardUpdate",
    "SyncLoopWake",
    "AudioMix",
    "PhoneStatusBar",
    "JobScheduler",
    "LocationManager",
    "MainActivity",
    "NotificationService",
    "InvoiceExport",
    "NightlyReport",
    "PriceImport",
    "CartCleanup",
    "IndexBuilder",
    "ThumbnailMaker",
    "TokenRefresh",
    "LedgerSync",
    "WindowsUpdateAgent",
    "SPP",
    "StaticUserFilter",
    "SafetyFilter",
    "DataRestartManager",
    "MediaScanner",
];
const FLAGS: &[&str] = &[
    "new_checkout",
    "dark_mode",
    "fast-path",
    "retry_queue",
    "mail_out",
    "user_email_key",
    "bulk-import",
    "orders_pkey",
    "beta_search",
    "thumbs",
    "night_jobs",
    "sms_out",
    "invoice_number_key",
    "lazy-load",
];
const DEVICES: &[&str] = &["sda1", "hda2", "eth0", "eth1", "ttyS1", "vcsa3", "dm-0", "sdb", "md0", "loop7"];
const COMMANDS: &[&str] = &[
    "run-parts /etc/cron.hourly",
    "/usr/lib/sa/sa1 1 1",
    "/usr/lib64/sa/sa1 1 1",
    "run-parts /etc/cron.daily",
    "/sbin/logrotate -f",
    "/root/bin/check.sh",
    "run-parts /etc/cron.weekly",
];
const SUBJECTS: &[&str] =
    &["Your order", "Password reset", "Welcome to the shop", "Invoice 2231", "We miss you", "Re: delivery"];
const FILES: &[&str] = &[
    "hadoop-metrics2.properties",
    "server.conf",
    "app.toml",
    "settings.json",
    "bgl_ras.cpp",
    "DBConnection.cpp",
    "jobs.yaml",
    "mime.types",
    "hdfs-site.xml",
];
const JUNK: &[&str] =
    &["GET / HTTP/1.1", "\\003", "REMOTE HI_SRDK_DEV_GetHddInfo MCTP/1.0", "\\026\\003\\001", "hello"];

/// A small generator of values; the same seed gives the same values.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn pick<'p>(&mut self, items: &[&'p str]) -> &'p str {
        items[usize::try_from(self.below(items.len() as u64)).unwrap()]
    }

    fn word(&mut self, letters: &[u8], len: u64) -> String {
        let letter =
            |random: &mut Self| letters[usize::try_from(random.below(letters.len() as u64)).unwrap()];
        (0..len).map(|_| char::from(letter(self))).collect()
    }

    fn hex(&mut self, len: u64) -> String {
        self.word(b"0123456789abcdef", len)
    }

    fn letters(&mut self, len: u64) -> String {
        self.word(b"abcdefghijklmnoprstuvw", len)
    }

    fn list(&mut self, name: &str, most: u64, between: &str) -> String {
        let n_items = 1 + self.below(most);
        (0..n_items).map(|_| self.value(name).unwrap()).collect::<Vec<_>>().join(between)
    }

    fn some(&mut self, name: &str) -> String {
        self.value(name).unwrap()
    }

    /// Returns a value by the name of its kind, one of `a|b`, or nothing for a name that is none.
    #[expect(clippy::too_many_lines, reason = "a table of kinds")]
    pub(crate) fn value(&mut self, name: &str) -> Option<String> {
        if name.contains('|') {
            return Some(self.pick(&name.split('|').collect::<Vec<_>>()).to_owned());
        }
        Some(match name {
            "small" => self.below(8).to_string(),
            "num2" => format!("{:02}", self.below(32)),
            "num" => {
                let bound = 10u64.pow(1 + u32::try_from(self.below(7)).unwrap());
                self.below(bound).to_string()
            }
            "signed" => format!("{}{}", self.pick(&["", "-", "-"]), self.below(99_999)),
            "float" => format!("{}.{:02}", self.below(900), self.below(99)),
            "unix" => format!("15140{:08}", self.below(100_000_000)),
            "port" => (1024 + self.below(60_000)).to_string(),
            "year" => (1999 + self.below(12)).to_string(),
            "ip" => {
                format!("{}.{}.{}.{}", 1 + self.below(222), self.below(256), self.below(256), self.below(256))
            }
            "ipports" => {
                let n_items = 1 + self.below(3);
                (0..n_items).map(|_| self.some("ip") + ":50010").collect::<Vec<_>>().join(" ")
            }
            "host" => match self.below(3) {
                0 => format!("{}.{}.example.com", self.letters(4), self.letters(3)),
                1 => format!("{}-{}.example.org", self.letters(3), self.some("num2")),
                _ => format!("{}.example.net", self.letters(6)),
            },
            "hostip" => {
                if self.below(2) == 0 {
                    self.some("host")
                } else {
                    self.some("ip")
                }
            }
            "hostopt" => {
                if self.below(2) == 0 {
                    self.some("host")
                } else {
                    String::new()
                }
            }
            "node" => format!(
                "{}{}",
                self.pick(&["sn", "node-", "storage", "tbird-admin", "cp-"]),
                1 + self.below(400)
            ),
            "user" => self.pick(USERS).to_owned(),
            "users" => self.list("user", 3, ", "),
            "prog" => self.pick(PROGRAMS).to_owned(),
            "service" => self
                .pick(&[
                    "cupsd",
                    "syslogd",
                    "klogd",
                    "hcid",
                    "sdpd",
                    "portmap",
                    "rpc.statd",
                    "irqbalance",
                    "named",
                    "crond",
                    "sshd",
                    "ntpd",
                    "random",
                    "network",
                ])
                .to_owned(),
            "word" => self.pick(WORDS).to_owned(),
            "words" => self.list("word", 4, ", "),
            "Ident" => self.pick(IDENTS).to_owned(),
            "flag" => self.pick(FLAGS).to_owned(),
            "bool" => self.pick(&["true", "false"]).to_owned(),
            "letter" => self.pick(&["A", "B", "C", "D"]).to_owned(),
            "module" => match self.below(2) {
                0 => format!("app.{}.{}", self.letters(5), self.letters(6)),
                _ => format!("{}_{}", self.letters(5), self.letters(6)),
            },
            "dev" => self.pick(DEVICES).to_owned(),
            "cmd" => self.pick(COMMANDS).to_owned(),
            "subject" => self.pick(SUBJECTS).to_owned(),
            "junk" => self.pick(JUNK).to_owned(),
            "file" => self.pick(FILES).to_owned(),
            "file with spaces" => format!("C:\\Data\\{} {}.csv", self.letters(5), self.below(90)),
            "hex0x" => format!("0x{:x}", self.below(1 << 31)),
            "hex4" => format!("{:04x}", self.below(1 << 16)),
            "hex7" => format!("{{{}", self.hex(7)),
            "hex8" => self.hex(8),
            "hex16" => self.hex(16),
            "hex32" => self.hex(32),
            "hex" => {
                let len = 4 + self.below(8);
                self.hex(len)
            }
            "base64" => self.word(b"abcdefghijkABCDEFGHIJK0123456789+/", 43),
            "blk" => format!("blk_{}{}", self.pick(&["", "-"]), self.below(1 << 31)),
            "uuid" => [8, 4, 4, 4, 12].map(|len| self.hex(len)).join("-"),
            "dbraces" => format!("{{{}}}", self.some("uuid")),
            "mac" => (0..6).map(|_| self.hex(2)).collect::<Vec<_>>().join(":"),
            "pci" => format!("0000:0{}:{}.{}", self.below(9), self.hex(2), self.below(8)),
            "rack" => format!("R{}-M{}-N{}", self.some("num2"), self.below(2), self.below(9)),
            "loc" => format!(
                "{}{}:00:J{}-U{}",
                self.pick(&["U", "N", "0T"]),
                self.some("num2"),
                self.some("num2"),
                self.some("num2")
            ),
            "nums" => self.list("num", 4, ", "),
            "nums_space" => self.list("num", 6, " "),
            "path" => match self.below(4) {
                0 => format!("/{}/{}/{}.log", self.letters(3), self.letters(6), self.hex(6)),
                1 => format!("/{}/{}", self.letters(5), self.letters(4)),
                2 => format!("/var/{}/part-{:05}", self.letters(4), self.below(900)),
                _ => format!("/home/{}/{}/{}", self.some("user"), self.letters(3), self.letters(7)),
            },
            "paths" => self.list("path", 3, " "),
            "winpath" => format!(
                "C:\\Windows\\{}\\{}.{}",
                self.letters(5),
                self.letters(6),
                self.pick(&["dll", "sqm", "log"])
            ),
            "url" => format!("hdfs://{}:9000/{}/{}", self.some("host"), self.letters(4), self.letters(6)),
            "email" => format!("{}@{}", self.letters(5), self.some("host")),
            "class" => format!("org.{}.{}.{}", self.letters(4), self.letters(5), self.some("Ident")),
            "pkg" => format!("com.{}.{}", self.letters(5), self.letters(6)),
            "ver" => match self.below(2) {
                0 => format!("{}.{}.{}", self.below(9), self.below(30), self.below(99)),
                _ => format!("{}.{}.{}.{}", self.below(9), self.below(9), self.below(9999), self.below(9999)),
            },
            "lifetime" => {
                if self.below(3) > 0 {
                    self.some("clock")
                } else {
                    "<1 sec".to_owned()
                }
            }
            "rddblock" => {
                if self.below(2) > 0 {
                    format!("rdd_{}_{}", self.below(9), self.below(99))
                } else {
                    format!("broadcast_{}", self.below(99))
                }
            }
            "clock" => format!("{:02}:{:02}:{:02}", self.below(24), self.below(60), self.below(60)),
            "datetime" => format!("2017-05-{:02} {}", 10 + self.below(19), self.some("clock")),
            "ctime" => format!(
                "{} {} {:2} {} 20{:02}",
                self.pick(&["Mon", "Thu", "Sun"]),
                self.pick(&["Jan", "Jul", "Nov"]),
                1 + self.below(28),
                self.some("clock"),
                self.below(20)
            ),
            "dur" => match self.below(4) {
                0 => format!("{}ms", self.below(900)),
                1 => format!("{}.{}s", self.below(60), self.below(9)),
                2 => format!("{}m{}s", 1 + self.below(9), self.below(60)),
                _ => format!("{}h", 1 + self.below(30)),
            },
            "size" => {
                format!("{}.{} {}", self.below(999), self.below(9), self.pick(&["B", "KB", "MB", "GB"]))
            }
            "bytes" => match self.below(2) {
                0 => format!("{} bytes", self.below(1000)),
                _ => format!(
                    "{} bytes ({}.{} KB)",
                    1000 + self.below(90_000),
                    1 + self.below(88),
                    self.below(99)
                ),
            },
            "money" => format!("{}.{:02} {}", self.below(999), self.below(99), "EUR"),
            _ => return None,
        })
    }
}
