//! Stories of a workspace in miniature into which one wrong line comes.

use super::super::testing::findings;
use super::check;

const ROOT: &str = r#"
[workspace.dependencies]
kernel = { path = "kernel", package = "kernelos-kernel" }
ports = { path = "ports", package = "kernelos-ports" }
store-memory = { path = "adapters/store-memory", package = "kernelos-store-memory" }
store-libsql = { path = "adapters/store-libsql", package = "kernelos-store-libsql" }
testkit = { path = "adapters/testkit", package = "kernelos-testkit" }
gateway = { path = "functions/gateway", package = "kernelos-gateway" }
shared = { path = "hosts/cloudflare/shared", package = "kernelos-shared" }
host = { path = "hosts/wasi/host", package = "kernelos-host" }
serde = "1"
tokio = "1"
"#;

/// The workspace as it should be; each story replaces one manifest's tables.
fn workspace_with(folder: &str, tables: &str) -> Vec<String> {
    let sound = [
        ("kernel", "[dependencies]\nserde.workspace = true"),
        ("ports", "[dependencies]\nkernel.workspace = true"),
        (
            "adapters/store-memory",
            "[dependencies]\nports.workspace = true\n[dev-dependencies]\ntestkit.workspace = true",
        ),
        ("adapters/store-libsql", "[dependencies]\nports.workspace = true\ntokio.workspace = true"),
        (
            "adapters/testkit",
            "[dependencies]\nports.workspace = true\n[dev-dependencies]\nstore-memory.workspace = true",
        ),
        (
            "functions/gateway",
            "[dependencies]\nkernel.workspace = true\n[dev-dependencies]\nstore-memory.workspace = true\ntokio = \"1\"",
        ),
        (
            "clients/cli",
            "[dependencies]\ngateway.workspace = true\nstore-libsql.workspace = true\ntokio.workspace = true",
        ),
        ("hosts/cloudflare/shared", "[dependencies]\nports.workspace = true\nworker = \"0.8\""),
        (
            "hosts/cloudflare/front",
            "[dependencies]\nshared.workspace = true\ngateway.workspace = true\nworker = \"0.8\"",
        ),
        ("hosts/wasi/host", "[dependencies]\nports.workspace = true\ntokio.workspace = true"),
        ("tests", "[dependencies]\ngateway.workspace = true\ntestkit.workspace = true"),
    ];
    let mut files = vec![("Cargo.toml".to_owned(), ROOT.to_owned())];
    let others = sound.into_iter().filter(|(other, _)| *other != folder);
    for (folder, tables) in others.chain(std::iter::once((folder, tables))) {
        let name = folder.rsplit('/').next().unwrap();
        let manifest = format!("[package]\nname = \"kernelos-{name}\"\n{tables}\n");
        files.push((format!("{folder}/Cargo.toml"), manifest));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    findings(check, &files)
}

#[track_caller]
fn refuses(folder: &str, tables: &str, expected: &str) {
    let found = workspace_with(folder, tables);
    let [only] = found.as_slice() else { panic!("expected one finding: {found:?}") };
    assert!(only.starts_with(expected), "{only}");
}

#[track_caller]
fn accepts(folder: &str, tables: &str) {
    assert_eq!(workspace_with(folder, tables), Vec::<String>::new());
}

#[test]
fn a_workspace_that_keeps_the_rule_has_no_findings() {
    accepts("kernel", "[dependencies]\nserde.workspace = true\n[dev-dependencies]\nproptest = \"1\"");
}

#[test]
fn tidy_fails_when_tokio_enters_the_kernel_manifest() {
    let line = "kernel/Cargo.toml:4: dependency-rule: kernel must not import tokio: ";
    refuses("kernel", "[dependencies]\ntokio.workspace = true", line);
    refuses("kernel", "[dependencies]\ntokio = { version = \"1\", optional = true }", line);
    refuses("kernel", "[dev-dependencies]\ntokio = \"1\"", line);
    refuses("kernel", "[target.'cfg(unix)'.dependencies]\ntokio = \"1\"", line);
}

#[test]
fn tidy_fails_when_tokio_enters_the_kernel_under_another_name() {
    refuses(
        "kernel",
        "[dependencies.executor]\npackage = \"tokio\"\nversion = \"1\"",
        "kernel/Cargo.toml:3: dependency-rule: kernel must not import tokio",
    );
}

#[test]
fn the_kernel_knows_nobody_of_ours() {
    refuses(
        "kernel",
        "[dependencies]\nports.workspace = true",
        "kernel/Cargo.toml:4: dependency-rule: kernel must not import kernelos-ports",
    );
    refuses("kernel", "[dev-dependencies]\nstore-memory.workspace = true", "kernel/Cargo.toml:4: dependency-rule:");
}

#[test]
fn tidy_fails_when_one_adapter_imports_another() {
    refuses(
        "adapters/store-libsql",
        "[dependencies]\nports.workspace = true\nstore-memory.workspace = true",
        "adapters/store-libsql/Cargo.toml:5: dependency-rule: adapters/store-libsql must not import kernelos-store-memory: adapters know",
    );
}

#[test]
fn an_adapter_may_use_the_kit_in_its_tests_only() {
    accepts("adapters/store-libsql", "[dev-dependencies]\ntestkit.workspace = true");
    refuses("adapters/store-libsql", "[dependencies]\ntestkit.workspace = true", "adapters/store-libsql/Cargo.toml:4:");
    refuses(
        "adapters/store-libsql",
        "[dev-dependencies]\nstore-memory.workspace = true",
        "adapters/store-libsql/Cargo.toml:4:",
    );
    refuses("adapters/testkit", "[dependencies]\nstore-memory.workspace = true", "adapters/testkit/Cargo.toml:4:");
}

#[test]
fn a_function_asks_for_ports_and_never_for_an_adapter_or_a_platform() {
    refuses("functions/gateway", "[dependencies]\nstore-libsql.workspace = true", "functions/gateway/Cargo.toml:4:");
    refuses(
        "functions/gateway",
        "[dev-dependencies]\nstore-libsql.workspace = true",
        "functions/gateway/Cargo.toml:4:",
    );
    refuses("functions/gateway", "[dependencies]\ntokio.workspace = true", "functions/gateway/Cargo.toml:4:");
    accepts("functions/gateway", "[dev-dependencies]\ntestkit.workspace = true");
}

#[test]
fn ports_know_the_kernel_only() {
    refuses("ports", "[dependencies]\ngateway.workspace = true", "ports/Cargo.toml:4:");
    refuses("ports", "[dependencies]\ntokio.workspace = true", "ports/Cargo.toml:4:");
}

#[test]
fn a_host_joins_functions_with_adapters_and_nobody_knows_it() {
    accepts("hosts/cloudflare/front", "[dependencies]\nshared.workspace = true\nstore-libsql.workspace = true");
    refuses(
        "hosts/cloudflare/front",
        "[dependencies]\ntestkit.workspace = true",
        "hosts/cloudflare/front/Cargo.toml:4:",
    );
    refuses("functions/gateway", "[dependencies]\nshared.workspace = true", "functions/gateway/Cargo.toml:4:");
    refuses("clients/cli", "[dependencies]\nshared.workspace = true", "clients/cli/Cargo.toml:4:");
    accepts("tests", "[dependencies]\nshared.workspace = true");
}

#[test]
fn a_new_room_must_say_whom_it_may_import() {
    refuses("plugins/sdk", "", "plugins/sdk/Cargo.toml:1: dependency-rule: this folder is no room yet");
}

#[test]
fn a_client_may_embed_the_host_that_is_a_library_and_no_component_knows_it() {
    accepts("clients/cli", "[dependencies]\nhost = { workspace = true, optional = true }");
    refuses("clients/cli", "[dependencies]\nshared.workspace = true", "clients/cli/Cargo.toml:4:");
    refuses("hosts/cloudflare/front", "[dependencies]\nhost.workspace = true", "hosts/cloudflare/front/Cargo.toml:4:");
    refuses("hosts/wasi/host", "[dependencies]\nshared.workspace = true", "hosts/wasi/host/Cargo.toml:4:");
}
