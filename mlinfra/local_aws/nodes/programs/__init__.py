"""Commands of a node that the local AWS answers, by the name of the command."""
