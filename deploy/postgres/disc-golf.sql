-- Disc golf courses, and the role of the agent. psql runs this file once, in each of the two databases of compose.postgres.yml.
CREATE TABLE courses (
    id integer PRIMARY KEY,
    name text NOT NULL,
    location text NOT NULL,
    hole_count integer NOT NULL CHECK (hole_count > 0)
);

-- Each database gets courses of its own.
INSERT INTO courses
SELECT id, name, location, hole_count
FROM (VALUES
    ('db1', 1, 'Lakeside', 'Oulu', 18),
    ('db1', 2, 'Old Quarry', 'Oulu', 24),
    ('db1', 3, 'Harbour Park', 'Turku', 9),
    ('db1', 4, 'Pine Ridge', 'Tampere', 18),
    ('db2', 1, 'Castle Hill', 'Turku', 18),
    ('db2', 2, 'Sandpit', 'Lahti', 12)
) AS rows (database, id, name, location, hole_count)
WHERE database = current_database();

-- The agent logs in with at most two connections to a server. The third is for "agent check-config --databases" beside the daemon.
\set password `cat /run/secrets/agent-password`
CREATE ROLE agent LOGIN CONNECTION LIMIT 3 PASSWORD :'password';
GRANT pg_monitor TO agent;
GRANT SELECT ON courses TO agent;
