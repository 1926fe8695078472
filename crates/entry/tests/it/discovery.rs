//! From what people type to sources.

use crate::source::{Whole, read_spec};
use std::path::Path;
use timberline_entry::RejectReason as R;
use timberline_entry::input::{OpenOptions, SourceSpec, discover};

fn entry(id: &str) -> String {
    format!(r#"{{"insertId":"{id}","textPayload":"x","timestamp":"2025-09-16T01:42:58.5Z"}}"#)
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn shown(root: &Path, specs: &[SourceSpec]) -> Vec<String> {
    let root = root.to_str().unwrap();
    specs
        .iter()
        .map(|spec| spec.path.strip_prefix(root).unwrap().trim_start_matches('/').to_owned())
        .collect()
}

fn read(spec: &SourceSpec) -> Whole {
    read_spec(spec, &OpenOptions::default(), 1 << 20).unwrap()
}

#[test]
fn folders_files_and_patterns() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["b.json", "a.json", "deep/er/c.ndjson", ".hidden.json", ".git/x.json", "with[bracket].json"]
    {
        write(&root.join(name), entry(name).as_bytes());
    }
    std::fs::create_dir(root.join("empty")).unwrap();
    let all = root.to_str().unwrap().to_owned();
    let (found, refused) = discover(std::slice::from_ref(&all));
    assert_eq!(shown(root, &found), ["a.json", "b.json", "deep/er/c.ndjson", "with[bracket].json"]);
    assert_eq!(refused, []);

    let paths =
        [format!("{all}/*.json"), format!("{all}/./a.json"), format!("{all}/**/*.ndjson"), all.clone()];
    let (again, _) = discover(&paths);
    assert_eq!(again, found);
    let (literal, _) = discover(&[format!("{all}/with[bracket].json")]);
    assert_eq!(shown(root, &literal), ["with[bracket].json"]);

    let bad =
        [format!("{all}/none.json"), format!("{all}/*.csv"), format!("{all}/empty"), format!("{all}/[")];
    let (found, refused) = discover(&bad);
    assert_eq!(found, []);
    let reasons: Vec<R> = refused.iter().map(|refusal| refusal.reason).collect();
    assert_eq!(reasons, [R::NotFound, R::BadPattern, R::NothingInside, R::NotFound]);
}

#[test]
fn archives_give_their_members() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, bytes).unwrap();
    };
    add("./dumps/b.json", format!("[{},{}]", entry("1"), entry("2")).as_bytes());
    add("a.json.zst", &zstd::encode_all(entry("3").as_bytes(), 1).unwrap());
    add(".hidden", b"x");
    add(&format!("{}/long.json", "long".repeat(50)), entry("4").as_bytes());
    let plain = builder.into_inner().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(&root.join("dumps.tar"), &plain);
    write(&root.join("packed.tgz"), &zstd::encode_all(&plain[..], 1).unwrap());
    let (found, refused) = discover(&[root.to_str().unwrap().to_owned()]);
    assert_eq!(refused, []);
    let long = format!("{}/long.json", "long".repeat(50));
    let names: Vec<String> = ["dumps.tar", "packed.tgz"]
        .iter()
        .flat_map(|archive| ["a.json.zst", "dumps/b.json", &long].map(|name| format!("{archive}!{name}")))
        .collect();
    assert_eq!(shown(root, &found), names);
    let ids: Vec<Vec<String>> = found.iter().map(|spec| read(spec).ids()).collect();
    assert_eq!(ids, [vec!["3"], vec!["1", "2"], vec!["4"], vec!["3"], vec!["1", "2"], vec!["4"]]);
    let (plain, packed) = (read(&found[1]).facts, read(&found[4]).facts);
    assert_eq!(plain.content_hash, packed.content_hash);
    assert_eq!(plain.bytes, packed.bytes);
    // Cut off in the middle of a member, the others are still there.
    write(&root.join("cut.tar"), &std::fs::read(root.join("dumps.tar")).unwrap()[..600]);
    let (found, refused) = discover(&[root.join("cut.tar").to_str().unwrap().to_owned()]);
    assert_eq!(read(&found[0]).ids(), ["1"]);
    assert_eq!(refused[0].reason, R::ArchiveDamaged);
}

/// An archive of three members, and where the second one's header stands.
fn three_members(content: impl Fn(usize) -> Vec<u8>) -> (Vec<u8>, usize) {
    let mut builder = tar::Builder::new(Vec::new());
    let mut second = 0;
    for n in 1..4 {
        let bytes = content(n);
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("{n}.json"), &bytes[..]).unwrap();
        if n == 1 {
            second = 512 + bytes.len().next_multiple_of(512);
        }
    }
    (builder.into_inner().unwrap(), second)
}

#[test]
fn an_archive_that_breaks_off_says_so_and_gives_what_came_before() {
    let (whole, second) = three_members(|n| entry(&n.to_string()).into_bytes());
    let mut broken = whole.clone();
    broken[second + 20] ^= 1;
    let cases = [
        ("checksum", broken, 1, "checksum"),
        ("in-the-header", whole[..second + 100].to_vec(), 1, "block"),
        ("between-members", whole[..second].to_vec(), 1, "no end mark"),
        ("in-the-content", whole[..second + 512 + 10].to_vec(), 2, ""),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, tar, n_found, word) in cases {
        let packed = zstd::encode_all(&tar[..], 1).unwrap();
        for (name, content) in [(format!("{name}.tar"), tar), (format!("{name}.tar.zst"), packed)] {
            let path = folder.path().join(&name);
            write(&path, &content);
            let (found, refused) = discover(&[path.to_str().unwrap().to_owned()]);
            assert_eq!(found.len(), n_found, "{name}");
            assert_eq!(read(&found[0]).ids(), ["1"], "{name}");
            let [refusal] = &refused[..] else { panic!("{name}: {refused:?}") };
            assert_eq!(refusal.reason, R::ArchiveDamaged, "{name}");
            assert!(refusal.path.ends_with(&name) && refusal.detail.contains(word), "{refusal}");
        }
    }
}

#[test]
fn a_damaged_stream_around_an_archive_costs_what_follows_the_damage() {
    use std::io::Write as _;
    // Noise is not compressed, so the damage is where it looks to be.
    let noise = |n: usize| {
        let mut state = n as u64;
        let word = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            format!("{:08x}", state >> 32)
        };
        std::iter::repeat_with(word).take(20_000).collect::<String>()
    };
    let content = |n: usize| {
        let one = |part: usize| {
            entry(&format!("{n}.{part}")).replace("\"x\"", &format!("\"{}\"", noise(n * 10 + part)))
        };
        format!("{}\n{}\n", one(1), one(2)).into_bytes()
    };
    let (tar, _) = three_members(content);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&tar).unwrap();
    let mut cut = gz.finish().unwrap();
    // In the second entry of the second member.
    cut.truncate(cut.len() * 3 / 5);
    // gzip has one checksum for all and takes almost anything for compressed text; blocks of bzip2 have their own.
    let mut bz2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bz2.write_all(&tar).unwrap();
    let mut damaged = bz2.finish().unwrap();
    let at = damaged.len() * 3 / 5;
    damaged[at] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    for (name, content, reason) in
        [("cut.tgz", cut, R::CompressedEndsEarly), ("damaged.tar.bz2", damaged, R::CompressedDamaged)]
    {
        let path = folder.path().join(name);
        write(&path, &content);
        let (found, refused) = discover(&[path.to_str().unwrap().to_owned()]);
        let [refusal] = &refused[..] else { panic!("{name}: {refused:?}") };
        assert_eq!(refusal.reason, reason, "{refusal}");
        assert_eq!(found.len(), 2, "{name}");
        assert_eq!(read(&found[0]).ids(), ["1.1", "1.2"], "{name}");
        let second = read(&found[1]);
        assert_eq!(second.ids(), ["2.1"], "{name}");
        assert!(second.rejects.iter().any(|reject| reject.reason == reason), "{name}");
    }
}

#[test]
fn a_path_can_prove_an_hour() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.googleapis.com/stdout/2025/09/16/01:00:00_01:59:59_S0.json");
    write(&path, entry("a").as_bytes());
    let facts = read(&SourceSpec::file(&path)).facts;
    let hour = facts.evidence.sink_hour.unwrap();
    assert_eq!(
        (hour.log_id.as_str(), hour.from.as_nanos()),
        ("run.googleapis.com/stdout", 1_757_984_400_000_000_000)
    );
    assert!(facts.modified.is_some());
}

#[cfg(unix)]
#[test]
fn what_cannot_be_looked_at_is_refused_and_broken_links_are_not() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(&root.join("a.json"), entry("1").as_bytes());
    symlink(root.join("nowhere.json"), root.join("broken.json")).unwrap();
    symlink(root.join("round.json"), root.join("round.json")).unwrap();
    let (found, refused) = discover(&[root.to_str().unwrap().to_owned()]);
    assert_eq!(shown(root, &found), ["a.json"]);
    let [refusal] = &refused[..] else { panic!("{refused:?}") };
    assert_eq!(refusal.reason, R::Unreadable);
    assert!(refusal.path.ends_with("round.json"), "{refusal}");
}
