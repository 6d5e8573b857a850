from apps.clock.main import main

raise SystemExit(main())
