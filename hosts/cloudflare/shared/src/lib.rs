//! What the Workers of the Cloudflare host have in common.
