-- community: the teams of the staff that an employee belongs to, as a JSON list of names.
ALTER TABLE members ADD COLUMN teams TEXT NOT NULL DEFAULT '[]';
