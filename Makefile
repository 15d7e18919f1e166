# All there is to remember. Each target sets up what it needs first; the logic is in scripts/.
.PHONY: run test check bench fix

run: ## set up and start, with a demo home full of sample studies
	@scripts/set-up && exec .venv/bin/isocenter up --demo

test: ## every test: Python, web client, browser
	@scripts/set-up --tests && scripts/test $(ARGS)

check: ## format, lint, types, floors, generated files
	@scripts/set-up && scripts/check

bench: ## side by side with the peers; needs Debian's orthanc packages
	@scripts/set-up && exec .venv/bin/python -m bench $(ARGS)

fix: ## repair what a program can repair: format, imports, generated files
	@scripts/set-up && scripts/fix
