namespace Kleene.Build.Runtime.State;

/// <summary>
/// The tables, as the steps that made them: the n-th entry leads from version n to n+1 (PRAGMA user_version). Entries are added,
/// never changed. Times are milliseconds since 1970, UTC.
/// </summary>
internal static class Schema
{
    public static readonly string[] Migrations =
    [
        """
        CREATE TABLE snapshots (
            id      TEXT PRIMARY KEY,
            parent  TEXT REFERENCES snapshots (id),
            created INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX snapshots_by_parent ON snapshots (parent);

        -- Trees that are being made or removed, and by whom: what is left here when its session is over is removed.
        CREATE TABLE workspaces (
            id      TEXT PRIMARY KEY,
            session TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- The build cache. Two keys may lead to one snapshot: a step that changes nothing keeps its parent's.
        CREATE TABLE cache (
            key      TEXT PRIMARY KEY,
            snapshot TEXT NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
            created  INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX cache_by_snapshot ON cache (snapshot);

        CREATE TABLE images (
            id       TEXT PRIMARY KEY,
            snapshot TEXT NOT NULL REFERENCES snapshots (id),
            key      TEXT NOT NULL,
            config   TEXT NOT NULL,
            created  INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX images_by_snapshot ON images (snapshot);

        CREATE TABLE names (
            name  TEXT NOT NULL,
            tag   TEXT NOT NULL,
            image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            PRIMARY KEY (name, tag)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX names_by_image ON names (image);

        CREATE TABLE image_steps (
            image    TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            text     TEXT NOT NULL,
            state    TEXT NOT NULL,
            snapshot TEXT REFERENCES snapshots (id),
            key      TEXT NOT NULL,
            duration INTEGER NOT NULL,
            config   TEXT NOT NULL,
            PRIMARY KEY (image, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_steps_by_snapshot ON image_steps (snapshot);

        CREATE TABLE containers (
            id       TEXT PRIMARY KEY,
            name     TEXT NOT NULL UNIQUE,
            image    TEXT NOT NULL REFERENCES images (id),
            snapshot TEXT NOT NULL REFERENCES snapshots (id),
            spec     TEXT NOT NULL,
            state    TEXT NOT NULL,
            session  TEXT NOT NULL,
            exit     INTEGER,
            created  INTEGER NOT NULL,
            started  INTEGER,
            finished INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX containers_by_image ON containers (image);
        CREATE INDEX containers_by_snapshot ON containers (snapshot);
        """,
        """
        -- Single facts about the store itself, such as the boot in which it was last used.
        CREATE TABLE facts (
            name  TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
        """
        -- What a workspace is a clone of, so that nobody removes it meanwhile.
        ALTER TABLE workspaces ADD COLUMN parent TEXT;
        CREATE INDEX workspaces_by_parent ON workspaces (parent);
        """,
        """
        -- Trees with a name that outlive whoever writes to them. Labels are a JSON object.
        CREATE TABLE volumes (
            id      TEXT PRIMARY KEY,
            name    TEXT NOT NULL UNIQUE,
            labels  TEXT NOT NULL,
            created INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
        """
        -- What a container's supervisor and its users have said of it. 'wanted': from its start until somebody stops it. 'restarts' counts those
        -- of its policy since then, 'streak' those of them after a short life. Health is a JSON object.
        ALTER TABLE containers ADD COLUMN wanted INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE containers ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE containers ADD COLUMN streak INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE containers ADD COLUMN oom INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE containers ADD COLUMN health TEXT;
        CREATE INDEX containers_by_state ON containers (state);

        -- With what a run of a container ended, for those who wait for it: the container may run again or be gone by then.
        CREATE TABLE endings (
            session  TEXT PRIMARY KEY,
            exit     INTEGER,
            finished INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ];
}
