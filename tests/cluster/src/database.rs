//! A database for one test.
//!
//! Owns: making it, from a template if there is one, and dropping it with whoever is still connected. Must not know: what it
//! holds.

use std::thread;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::Cluster;

/// A database, gone when this is dropped.
pub struct Database<'c> {
    cluster: &'c Cluster,
    name: String,
}

impl Cluster {
    /// Makes an empty database, or a copy of another one that nobody is connected to.
    ///
    /// # Errors
    /// What the server said.
    pub async fn database(&self, template: Option<&str>) -> Result<Database<'_>, String> {
        let name = self.fresh_name();
        let template = template.unwrap_or("template0");
        admin(&self.url("postgres"), &format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        Ok(Database { cluster: self, name })
    }
}

impl Database<'_> {
    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// Its name, for use as a template.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        let (url, sql) = (self.cluster.url("postgres"), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // The test's own runtime cannot be waited for in here. What is not dropped goes with the cluster.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(admin(&url, &sql)).ok()
        });
        let _done = dropping.join();
    }
}

async fn admin(url: &str, sql: &str) -> Result<(), String> {
    let done = async {
        let mut conn = url.parse::<PgConnectOptions>()?.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await?;
        conn.close().await
    };
    done.await.map_err(|error: sqlx::Error| format!("{sql}: {error}"))
}
