"""Kiosk as a town of real processes. Assertions in these modules speak as those of tests do."""

import pytest

pytest.register_assert_rewrite("tests.processes.books", "tests.processes.town")
