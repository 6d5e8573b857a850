from apps.jobs.main import main

raise SystemExit(main())
