// A button with data-copy copies the text of a field, and says so for a while.
document.addEventListener("click", async (event) => {
	const button = event.target.closest("[data-copy]");
	if (!button) return;
	const field = document.getElementById(button.dataset.copy);
	try {
		await navigator.clipboard.writeText(field.value);
	} catch {
		field.select();
		return; // the keyboard or the finger copies what is selected
	}
	const label = button.querySelector("span");
	const was = label.textContent;
	label.textContent = button.dataset.copied;
	setTimeout(() => { label.textContent = was; }, 3000);
});
