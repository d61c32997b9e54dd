"""Count-based models of any order. numpy only."""
