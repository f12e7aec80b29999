"""The web client: pages as HTML, their style, and native ES modules. Imports nothing but the domain."""
