"""What every service stands on and that knows no domain: configuration, database, outbox, clock, money,
errors, secrets, storage, logs. Import its modules (`from services.platform.money import Money`); there is no
front, because it is a toolbox and not a service."""
