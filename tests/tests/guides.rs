//! What the guides show works: each of their workflows passes its check.

use kernel::workflow::Definition;
use kernelos::source::Source;
use std::path::Path;

#[test]
fn every_workflow_in_the_guides_passes_its_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides");
    let mut checked = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        for block in blocks.filter(|block| block.starts_with("document:")) {
            let source = Source::read(block.as_bytes()).unwrap_or_else(|bad| panic!("{}: {bad:?}", path.display()));
            Definition::parse(&source.value).unwrap_or_else(|bad| panic!("{}: {bad:?}\n{block}", path.display()));
            checked += 1;
        }
    }
    assert!(checked > 0, "the guides show no workflow");
}
