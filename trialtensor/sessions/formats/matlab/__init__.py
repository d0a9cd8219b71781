"""What both formats of MATLAB files share: its values, and what of them is units and trials."""
