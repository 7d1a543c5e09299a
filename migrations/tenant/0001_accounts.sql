-- People of the tenant. The owner is the first of them.
CREATE TABLE accounts (
    id         uuid PRIMARY KEY,
    email      text NOT NULL,
    name       text,
    role       text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));
