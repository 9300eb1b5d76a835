"""Providers: who answers a prompt, behind one interface."""
