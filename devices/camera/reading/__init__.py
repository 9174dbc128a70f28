"""Reading what is written on a paper: in a process of its own, on demand, as suggestions that someone must confirm."""
