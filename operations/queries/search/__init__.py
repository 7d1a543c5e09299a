"""Free text in lists of executions and tenants: where a term is looked for, and by which plan. Lists enter here.

PostgreSQL guesses how frequent a term is by whole texts, and badly; guessed wrong, a search takes seconds instead of
milliseconds. So nothing is left to it:

1. One statement looks ahead (`executions`): how many workflow ids begin with the term, which owners' e-mails do, and a
   sample of the newest tenants and errors, by which we guess (`terms.Sample`).
2. Each place has an index and a source of its own, never an OR over all: executions of tenants that match; workflow
   ids; errors of ended runs; causes of open ones. What the sources find is merged in the order of the list.
3. What is rare is found by the index of trigrams, by that part of the term which hardly anything else has. Of what is
   frequent, the first rows of the order have enough: they are read in order, with a condition made opaque (`CASE`).
4. Errors (`errors`) are looked up once for all statements of a list, unless they are more than are counted; then they
   are read in order, too.
5. A term of one or two letters has no trigram, and finds what begins with it.

`tests/integration/queries/test_plans.py` reads the plans.
"""

from operations.queries.search.executions import Found
from operations.queries.search.terms import MOST_OWNERS, matches_tenant, owned, usable

__all__ = ["MOST_OWNERS", "Found", "matches_tenant", "owned", "usable"]
