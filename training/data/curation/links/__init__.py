"""Pictures behind links: fetched politely, from public addresses only, within bounds of time and size."""
