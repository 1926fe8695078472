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
    let (found, _) = discover(&[root.join("cut.tar").to_str().unwrap().to_owned()]);
    assert_eq!(read(&found[0]).ids(), ["1"]);
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
