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
        """
        -- Networks, who is on them, and what of that is up on the host.
        CREATE TABLE networks (
            id            TEXT PRIMARY KEY,
            name          TEXT NOT NULL UNIQUE,
            type          TEXT NOT NULL,
            interface     TEXT NOT NULL UNIQUE,
            subnet        TEXT,
            subnet6       TEXT,
            gateway       TEXT,
            gateway6      TEXT,
            nat           INTEGER NOT NULL,
            nat_interface TEXT NOT NULL,
            neighbours    INTEGER NOT NULL,
            internal      INTEGER NOT NULL,
            automatic     INTEGER NOT NULL,
            created       INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- The owner is a container or a slot of a build. Its addresses are its own until the row goes.
        CREATE TABLE endpoints (
            id       TEXT PRIMARY KEY,
            network  TEXT NOT NULL REFERENCES networks (id),
            owner    TEXT NOT NULL,
            position INTEGER NOT NULL,
            address  TEXT,
            address6 TEXT,
            aliases  TEXT NOT NULL,
            UNIQUE (network, owner),
            UNIQUE (network, address),
            UNIQUE (network, address6)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX endpoints_by_owner ON endpoints (owner);
        CREATE TABLE stacks (
            id       TEXT PRIMARY KEY,
            session  TEXT NOT NULL,
            hostname TEXT NOT NULL,
            hosts    TEXT NOT NULL,
            leaving  INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- While a stack is up, it is not forgotten what belongs to it: that goes with the stack.
        CREATE TRIGGER endpoints_of_containers AFTER DELETE ON containers WHEN NOT EXISTS (SELECT 1 FROM stacks WHERE id = OLD.id)
        BEGIN DELETE FROM endpoints WHERE owner = OLD.id; END;

        CREATE TABLE ports (
            stack     TEXT NOT NULL REFERENCES stacks (id) ON DELETE CASCADE,
            protocol  TEXT NOT NULL,
            address   TEXT NOT NULL,
            interface TEXT NOT NULL,
            host      INTEGER NOT NULL,
            container INTEGER NOT NULL,
            count     INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX ports_by_stack ON ports (stack);

        -- What was one word has become an object.
        UPDATE containers SET spec = json_set(spec, '$.Network', json_object('Driver', CASE json_extract(spec, '$.Network') WHEN 'None' THEN 'Disabled' ELSE 'Host' END));
        """,
        """
        -- What a stack is made of, where there are several kinds: who takes it down may be another than who made it.
        ALTER TABLE stacks ADD COLUMN kind TEXT NOT NULL DEFAULT 'ipnet';
        """,
        """
        -- Builds that were, in the order in which they were begun, and what the keys of their steps were made of. 'place' is what builds of one file
        -- have in common; detail and inputs are JSON objects. Lists of files are packed, and shared by all keys with the same digest. There is no
        -- index but that of the ids: every build writes a row, and few people ask.
        CREATE TABLE builds (
            id       TEXT PRIMARY KEY,
            name     TEXT NOT NULL,
            place    TEXT NOT NULL,
            started  INTEGER NOT NULL,
            duration INTEGER NOT NULL,
            state    TEXT NOT NULL,
            session  TEXT NOT NULL,
            image    TEXT,
            detail   TEXT NOT NULL
        ) STRICT;
        CREATE TABLE key_records (
            key    TEXT PRIMARY KEY,
            inputs TEXT NOT NULL
        ) STRICT;
        CREATE TABLE file_lists (
            digest TEXT PRIMARY KEY,
            files  BLOB NOT NULL
        ) STRICT;

        -- What the command of a step had beside its tree, for whoever enters there: a JSON object.
        ALTER TABLE image_steps ADD COLUMN entry TEXT;
        """,
        """
        -- Those few that somebody has in hand: every command asks for them.
        CREATE INDEX containers_held ON containers (session, state) WHERE session <> '';
        """,
        """
        -- The first of the host's ids that a container with users of its own has.
        CREATE TABLE user_ranges (
            first     INTEGER PRIMARY KEY,
            container TEXT NOT NULL UNIQUE REFERENCES containers (id) ON DELETE CASCADE
        ) STRICT;
        """,
        """
        -- As containers have it: the container may be gone before anybody asks.
        ALTER TABLE endings ADD COLUMN oom INTEGER NOT NULL DEFAULT 0;
        """,
        """
        -- Whether a snapshot was made from an earlier tree of its own step: then that is its parent, and the step's is the parent's.
        ALTER TABLE snapshots ADD COLUMN revises INTEGER NOT NULL DEFAULT 0;

        -- Copies of many files that were made from nothing: of what question, where the files went, whose they became, and what they were.
        CREATE TABLE earlier_copies (
            question  TEXT PRIMARY KEY,
            snapshot  TEXT NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
            directory BLOB NOT NULL,
            user      INTEGER,
            "group"   INTEGER,
            files     BLOB NOT NULL
        ) STRICT;
        CREATE INDEX earlier_copies_by_snapshot ON earlier_copies (snapshot);
        """,
        """
        -- What a snapshot cost and is good for: the milliseconds from its announcement until it was frozen, the bytes that it takes beside its parent
        -- (known where somebody bounds the store), and when a build last took it, to the hour. Null where that is not known, or was not yet.
        ALTER TABLE snapshots ADD COLUMN duration INTEGER;
        ALTER TABLE snapshots ADD COLUMN bytes INTEGER;
        ALTER TABLE snapshots ADD COLUMN used INTEGER;

        -- Whether nothing but its user removes it.
        ALTER TABLE images ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;

        -- Few at a time: what they read is not to be evicted.
        CREATE INDEX builds_running ON builds (session) WHERE state = 'running';
        """,
    ];
}
