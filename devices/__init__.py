"""Device drivers: leaves that know neither the kiosk nor each other."""
