"""The program that runs on a VPN server. It is one file which knows nothing of Kiosk; see README.md."""
