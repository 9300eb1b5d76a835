"""The routes: thin, each turning a request into one call and its outcome into an answer."""
