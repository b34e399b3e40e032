"""Work orders (工单): the requests that calls spawn, and what becomes of them."""
