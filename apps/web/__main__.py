from apps.web.main import main

main()
