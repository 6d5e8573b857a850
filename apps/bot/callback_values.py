"""What may stand in a button."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Id = Annotated[int, Field(ge=0, lt=2**63)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
ProviderCode = Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]
