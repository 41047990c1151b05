// Runs before the page is drawn, so that what only works with scripts does not flash.
document.documentElement.classList.add("has-script");
