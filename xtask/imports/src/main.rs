//! What a component imports, one interface a line. It is a program of its own because `xtask` is compiled before every
//! command, and the parser takes a while.
//!
//! `xtask-imports COMPONENT`

use std::process::ExitCode;
use wasmparser::{ComponentTypeRef, Parser, Payload};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file] = arguments.as_slice() else {
        eprintln!("usage: xtask-imports COMPONENT");
        return ExitCode::from(2);
    };
    match std::fs::read(file).map_err(|why| why.to_string()).and_then(|bytes| imports(&bytes)) {
        Ok(imports) => {
            for import in imports {
                println!("{import}");
            }
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("xtask-imports: {file}: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Imports of the component itself; what stands within it is satisfied by it.
fn imports(bytes: &[u8]) -> Result<Vec<String>, String> {
    let (mut imports, mut depth) = (Vec::new(), 0_usize);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|why| why.to_string())? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.map_err(|why| why.to_string())?;
                    // A type is given by nobody: it says what others have in common.
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        imports.push(import.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(imports)
}
