//! The clock as a component: started by time, it ticks the runtime, as anybody else may who has the token.

use std::cell::RefCell;
use wasi_cron::bindings::{Error, Guest, Metadata};
use wasi_shared::{run, setup, tick};

struct Component;

impl Guest for Component {
    fn handle_cron_event(_: Metadata) -> Result<(), Error> {
        let ticked = RefCell::new(Ok(()));
        run(async {
            let token = setup::required(setup::TOKEN).map_err(|problem| problem.detail);
            let outcome = match token {
                Ok(token) => tick(&token).await,
                Err(why) => Err(why),
            };
            *ticked.borrow_mut() = outcome;
        });
        ticked.into_inner().map_err(Error::Other)
    }
}

wasi_cron::bindings::export!(Component with_types_in wasi_cron::bindings);
