//! Closes the loop over the vehicle: nodes and world together, in lockstep or live.
