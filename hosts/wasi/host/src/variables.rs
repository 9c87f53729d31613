//! `fermyon:spin/variables`: what the manifest gives this component, and nothing else.

use crate::bindings::fermyon::spin::variables::{Error, Host};
use crate::state::State;

impl Host for State {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !name.starts_with(|first: char| first.is_ascii_lowercase()) || !name.bytes().all(plain) {
            return Ok(Err(Error::InvalidName("a name is of lower case letters, digits and underscores".to_owned())));
        }
        let value = self.part.variables.get(&name).cloned();
        Ok(value.ok_or_else(|| Error::Undefined(format!("this component has no variable {name}"))))
    }
}
