"""Evidence that changes hands: challenges, packages, and what can be established of them.

`verify` has it in its order, a row (`rows`) a check: who it answers (`answering`), that it holds together
(`consistency`), that its requests are those of the plan (`derived`, `against_plan`), that it comes to what it says
(`judged_again`), and that the endpoint still answers so (`live`).
"""
