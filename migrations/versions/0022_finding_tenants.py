"""Find tenants by what people type: without accents, and by the beginning of the owner's e-mail.

The extension unaccent is not asked for: managed servers may not let one create it, and its function is not immutable.
What is folded is computed by an index, so that no row is written again. The index is made beside the one that it
replaces: tenants can be read meanwhile, and writing waits as long as some hundred thousand short texts take.
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# `operations.queries.search.terms.folded` says the same. Texts in ASCII, most of them, are left alone at once.
CREATE_FOLDED = """
    CREATE FUNCTION folded(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN octet_length(words) = length(words) THEN words ELSE
            replace(replace(replace(replace(replace(replace(replace(replace(
                translate(
                    regexp_replace(normalize(words, NFKD), '[\\u0300-\\u036f]', '', 'g'),
                    'øØłŁđĐðÐħĦŧŦı', 'oOlLdDdDhHtTi'),
                'ß', 'ss'), 'ẞ', 'SS'), 'æ', 'ae'), 'Æ', 'AE'), 'œ', 'oe'), 'Œ', 'OE'), 'þ', 'th'), 'Þ', 'TH')
        END
    $$
"""

CREATE_FUNCTION = """
    CREATE FUNCTION feed_users() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.changes (kind, id)
        SELECT DISTINCT 'tenant', tenant_id::text FROM public.memberships JOIN moved ON moved.id = user_id;
        RETURN NULL;
    END $$
"""

# Owners come with their tenant, of which the feed tells.
CREATE_TRIGGER = """
    CREATE TRIGGER feed_update AFTER UPDATE ON users
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION feed_users()
"""


def upgrade() -> None:
    op.execute(CREATE_FOLDED)
    op.execute("CREATE INDEX ix_tenants_folded ON tenants USING gin (folded(slug || ' ' || name) gin_trgm_ops)")
    op.execute("""CREATE INDEX ix_users_email_prefix ON users ((lower(email) COLLATE "C"))""")
    op.execute(CREATE_FUNCTION)
    op.execute(CREATE_TRIGGER)
    _replace_index()


def downgrade() -> None:
    op.execute("CREATE INDEX ix_tenants_folded ON tenants USING gin ((slug || ' ' || name) gin_trgm_ops)")
    op.execute("DROP TRIGGER feed_update ON users")
    op.execute("DROP FUNCTION feed_users()")
    op.execute("DROP INDEX ix_users_email_prefix")
    _replace_index()
    op.execute("DROP FUNCTION folded(text)")


def _replace_index() -> None:
    op.execute("DROP INDEX ix_tenants_search")
    op.execute("ALTER INDEX ix_tenants_folded RENAME TO ix_tenants_search")
