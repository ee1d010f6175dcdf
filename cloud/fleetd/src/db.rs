//! The database: one writer, several readers, migrated at the start.
//!
//! SQL is portable between SQLite and PostgreSQL: `$1` parameters, standard `ON CONFLICT`, no functions of one engine.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

/// A transaction of the writer.
pub type Tx = sqlx::Transaction<'static, sqlx::Sqlite>;

/// The pools.
#[derive(Clone)]
pub struct Db {
    reader: SqlitePool,
    writer: SqlitePool,
}

impl Db {
    /// Opens the file, creates it if there is none, and brings its tables up to date.
    pub async fn open(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit survives the loss of power: what was acknowledged to a vehicle must not be lost.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let what = || format!("cannot open the database {}", file.display());
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await
            .with_context(what)?;
        sqlx::migrate!("migrations/sqlite").run(&writer).await.with_context(what)?;
        let reader = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await
            .with_context(what)?;
        Ok(Self { reader, writer })
    }

    /// For queries that change nothing.
    pub fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// Begins to write; others that write wait until this one is committed or dropped.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        self.writer.begin().await
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}
