"""Service meshes: which pods have a proxy that acts, and what these proxies let through."""
