from apps.web.main import main

raise SystemExit(main())
