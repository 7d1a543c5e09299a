"""`python -m workers`."""

from workers.main import main

raise SystemExit(main())
