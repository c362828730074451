-- What the bodies of an operation call, where its path does not say it: one path of GraphQL is many operations.
ALTER TABLE operations ADD COLUMN name TEXT NOT NULL DEFAULT '';
