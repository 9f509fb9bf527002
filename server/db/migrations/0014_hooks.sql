-- One address for all accounts of an app.

-- listeners: connections of one app share the address that its network brings news to; whom a delivery is
-- about, it says itself
DROP INDEX connections_by_hook;
CREATE INDEX connections_by_hook ON connections (hook) WHERE hook <> '';
CREATE INDEX connections_by_account ON connections (network, native_id);
