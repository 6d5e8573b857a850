"""Our client of Remnawave, a VPN panel, for its versions 2.x and 3.x. Which one answers is seen from its answers."""
