"""What every move still wants: facts read from disk and git, rules over them."""
