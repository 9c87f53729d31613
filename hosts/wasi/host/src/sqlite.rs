//! `spin:sqlite`: a file of libSQL, one connection for each `open`.
//!
//! The interface leaves open how far a transaction reaches, how large values may be, and what one connection knows of
//! another. This host takes the narrower reading of each; the crate's documentation lists them.

use crate::bindings::spin::sqlite::sqlite::{Error, Host, HostConnection, QueryResult, RowResult, Value};
use crate::state::State;
use libsql::{AuthAction, AuthContext, Authorization, Connection, Database};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::Resource;

/// Largest text or blob, and largest sum of what one statement is given or gives.
pub const VALUE_BYTES_MAX: usize = 32 << 20;
/// Connections that one instance may have at a time.
const CONNECTIONS_MAX: usize = 4;
/// How long a statement waits for another one's commit.
const BUSY: Duration = Duration::from_secs(5);

/// Pragmas that a component may use: what they set is kept in the file, or they only tell. Full-text tables ask for the
/// version of the data themselves.
const PRAGMAS: [(&str, Option<&str>); 5] = [
    ("data_version", None),
    ("foreign_key_check", None),
    ("journal_mode", Some("wal")),
    ("table_info", None),
    ("user_version", None),
];

/// An open connection.
pub struct Open(Connection);

type Outcome<T> = Result<T, Error>;

impl Open {
    fn new(database: &Database) -> Result<Self, libsql::Error> {
        let connection = database.connect()?;
        connection.busy_timeout(BUSY)?;
        connection.authorizer(Some(Arc::new(authorize)))?;
        Ok(Self(connection))
    }
}

/// What a statement may do. A transaction is one statement: one that goes over several would hold others up for as long
/// as its component takes, and hosts differ in what becomes of it when the component dies.
fn authorize(context: &AuthContext<'_>) -> Authorization {
    let allowed = match context.action {
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => false,
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => false,
        AuthAction::Function { function_name } => !function_name.eq_ignore_ascii_case("load_extension"),
        AuthAction::Pragma { pragma_name, pragma_value } => PRAGMAS.iter().any(|(name, only)| {
            let fits = |only: &&str| pragma_value.is_none_or(|value| value.eq_ignore_ascii_case(only));
            pragma_name.eq_ignore_ascii_case(name) && only.as_ref().is_none_or(fits)
        }),
        _ => true,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}

impl Host for State {}

impl HostConnection for State {
    async fn open(&mut self, database: String) -> wasmtime::Result<Outcome<Resource<Open>>> {
        if database != crate::manifest::DATABASE {
            return Ok(Err(Error::NoSuchDatabase));
        }
        if !self.part.opens_database {
            return Ok(Err(Error::AccessDenied));
        }
        if self.connections >= CONNECTIONS_MAX {
            return Ok(Err(Error::Io(format!("at most {CONNECTIONS_MAX} connections are open at a time"))));
        }
        match Open::new(&self.app.database) {
            Ok(open) => {
                self.connections += 1;
                Ok(Ok(self.table.push(open)?))
            }
            Err(why) => Ok(Err(Error::Io(why.to_string()))),
        }
    }

    async fn execute(
        &mut self,
        connection: Resource<Open>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Outcome<QueryResult>> {
        let connection = self.table.get(&connection)?.0.clone();
        if let Err(why) = measured(&parameters) {
            return Ok(Err(why));
        }
        // The library waits in the middle of what it calls asynchronous. A read waits for nobody, and going to another
        // thread for it costs more than the read; what writes may have to wait, and lets the others go on meanwhile.
        if is_read(&statement) {
            return Ok(perform(&connection, &statement, parameters).await);
        }
        // One after the other, as they came. Left to the database they would sleep, longer each time, and whoever came last
        // would find it free.
        let app = Arc::clone(&self.app);
        let _turn = app.writing.lock().await;
        let executor = tokio::runtime::Handle::current();
        Ok(tokio::task::block_in_place(|| executor.block_on(perform(&connection, &statement, parameters))))
    }

    async fn last_insert_rowid(&mut self, connection: Resource<Open>) -> wasmtime::Result<i64> {
        Ok(self.table.get(&connection)?.0.last_insert_rowid())
    }

    async fn changes(&mut self, connection: Resource<Open>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&connection)?.0.changes())
    }

    async fn drop(&mut self, connection: Resource<Open>) -> wasmtime::Result<()> {
        self.connections = self.connections.saturating_sub(1);
        self.table.delete(connection)?;
        Ok(())
    }
}

fn is_read(statement: &str) -> bool {
    statement.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"))
}

fn size(value: &Value) -> usize {
    match value {
        Value::Integer(_) | Value::Real(_) | Value::Null => 8,
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
    }
}

fn measured(values: &[Value]) -> Outcome<()> {
    if values.iter().map(size).sum::<usize>() <= VALUE_BYTES_MAX {
        return Ok(());
    }
    Err(Error::Io(format!("a statement is given or gives at most {VALUE_BYTES_MAX} bytes")))
}

async fn perform(connection: &Connection, statement: &str, parameters: Vec<Value>) -> Outcome<QueryResult> {
    let failed = |why: libsql::Error| Error::Io(words(why));
    let statement = connection.prepare(statement).await.map_err(failed)?;
    if statement.parameter_count() != parameters.len() {
        let (wanted, given) = (statement.parameter_count(), parameters.len());
        return Err(Error::Io(format!("the statement takes {wanted} values and was given {given}")));
    }
    let parameters: Vec<libsql::Value> = parameters.into_iter().map(into).collect();
    let mut found = statement.query(parameters).await.map_err(failed)?;
    let count = found.column_count();
    let columns = (0..count).map(|nth| found.column_name(nth).unwrap_or_default().to_owned()).collect();
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next().await.map_err(failed)? {
        let values =
            (0..count).map(|nth| row.get_value(nth).map(from)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        bytes += values.iter().map(size).sum::<usize>();
        if bytes > VALUE_BYTES_MAX {
            return Err(Error::Io(format!("a statement is given or gives at most {VALUE_BYTES_MAX} bytes")));
        }
        rows.push(RowResult { values });
    }
    Ok(QueryResult { columns, rows })
}

/// The words of the database itself, as a guest would have them elsewhere.
fn words(why: libsql::Error) -> String {
    match why {
        libsql::Error::SqliteFailure(_, words) => words,
        other => other.to_string(),
    }
}

fn into(value: Value) -> libsql::Value {
    match value {
        Value::Integer(number) => libsql::Value::Integer(number),
        Value::Real(number) => libsql::Value::Real(number),
        Value::Text(text) => libsql::Value::Text(text),
        Value::Blob(bytes) => libsql::Value::Blob(bytes),
        Value::Null => libsql::Value::Null,
    }
}

fn from(value: libsql::Value) -> Value {
    match value {
        libsql::Value::Integer(number) => Value::Integer(number),
        libsql::Value::Real(number) => Value::Real(number),
        libsql::Value::Text(text) => Value::Text(text),
        libsql::Value::Blob(bytes) => Value::Blob(bytes),
        libsql::Value::Null => Value::Null,
    }
}
