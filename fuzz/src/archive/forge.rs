//! Makes checksums fit a changed file, as FORMAT.md describes them.

use bytes::Bytes;
use serde_json::{Value, json};
use timberline_archive::testing::Image;
use xxhash_rust::xxh3::xxh3_64;

const BLOCK: usize = 64 << 10;

/// Makes every checksum above `changed` fit its content. What cannot be made to fit stays as it is.
pub(super) fn forge(image: &mut Image, changed: &str) {
    if changed == "CURRENT" {
        return;
    }
    let Some(path) = image.keys().filter(|path| path.starts_with("manifest/")).next_back().cloned() else {
        return;
    };
    if let Ok(mut manifest) = serde_json::from_slice::<Value>(&image[&path])
        && path != changed
    {
        for segment in manifest["segments"].as_array_mut().into_iter().flatten() {
            let files = segment["files"].as_array_mut().expect("a segment has files");
            let is_affected = files.iter().any(|file| file["path"] == changed);
            let is_blocks = files.last().is_some_and(|file| file["path"] == changed);
            if is_affected && !is_blocks {
                let (blocks, others) = files.split_last().expect("a segment has files");
                let sums = others.iter().flat_map(|file| {
                    let content = image[file["path"].as_str().expect("a path")].clone();
                    content.chunks(BLOCK).flat_map(|block| xxh3_64(block).to_le_bytes()).collect::<Vec<u8>>()
                });
                let sums: Vec<u8> = sums.collect();
                image.insert(blocks["path"].as_str().expect("a path").to_owned(), Bytes::from(sums));
            }
            if is_affected {
                files.iter_mut().for_each(|file| fit(file, image));
            }
        }
        let catalog = &mut manifest["catalog"];
        ["sources", "rejects"].into_iter().for_each(|name| fit(&mut catalog[name], image));
        image.insert(path.clone(), Bytes::from(manifest.to_string()));
    }
    let current = format!("{path} {:016x}\n", xxh3_64(&image[&path]));
    image.insert("CURRENT".to_owned(), Bytes::from(current));
}

fn fit(file: &mut Value, image: &Image) {
    let content = &image[file["path"].as_str().expect("a path")];
    file["bytes"] = json!(content.len());
    file["xxh3"] = json!(format!("{:016x}", xxh3_64(content)));
}
