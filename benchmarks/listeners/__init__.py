"""Thousands who follow tasks at one API process: what they miss, and what they cost.

``make bench-listeners ARGS="--listeners 2000 --tasks 20 --rate 100 --seconds 120"``
"""
