from apps.sandbox.main import main

main()
